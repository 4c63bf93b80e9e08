import MartletKit
import MartletKitTesting
import Testing

/// The databases of a simulation are in memory, and answer at once.
@Suite struct DatabaseTests {
    private func ask(_ commands: String...) throws -> String {
        let host = try SimulatedHost(Shop.self)
        let connection = host.connect()
        var answer = ""
        for command in commands {
            connection.send(command + "\n")
            host.runWork()
            answer = connection.takeText()
        }
        #expect(host.shutDown() == [])
        return answer
    }

    @Test func valuesOfAllKindsComeBack() throws {
        #expect(try ask("put") == "1 0,1 0,1 0\n")
        #expect(
            try ask("put", "all")
                == #"["name", "count", "note"] =integer(3):[0, 255]/3 a=integer(1):2.5/3 b=integer(2):-/3"# + "\n")
    }

    @Test func errorsHaveAKindAndAText() throws {
        let bad = try ask("bad")
        #expect(bad == "4 1 prepare: no such column: missing\n")
        #expect(try ask("put", "both") == "3 275 CHECK constraint failed: count < 10\n")
        #expect(try ask("write") == "6 0 a query that changes something: use execute without QUERY\n")
        #expect(try ask("none") == "refused -2\n")
    }

    @Test func rowsComeInBatches() throws {
        #expect(try ask("select") == #"["i"] 1 2 more"# + "\n")
        #expect(try ask("select", "next") == #"["i"] 3 4 more"# + "\n")
        #expect(try ask("select", "next", "next") == #"["i"] 5 end"# + "\n")
        #expect(try ask("select", "next", "next", "next") == "refused -1\n")
        #expect(try ask("wrong") == "4 1 prepare: no such column: missing\n")
        #expect(try ask("next") == "refused -1\n", "it was never there")
    }

    @Test func aCursorIsClosedOnce() throws {
        #expect(try ask("select", "close") == "closed 0\n")
        #expect(try ask("select", "close", "close") == "closed -1\n")
        #expect(try ask("select", "close", "next") == "refused -1\n")
        // Without its connection.
        #expect(try ask("select", "twice") == "refused -2\n" + #"["i"] 3 4 more"# + "\n")
    }

    /// A cursor ends with its connection, and says nothing to the next one.
    @Test func aCursorBelongsToItsConnection() throws {
        let host = try SimulatedHost(Shop.self)
        let first = host.connect()
        first.send("select\n")
        host.runWork()
        first.reset()
        host.runWork()
        let second = host.connect()
        second.send("select\n")
        host.runWork()
        _ = second.takeText()
        second.send("next\n")
        host.runWork()
        #expect(second.takeText() == #"["i"] 3 4 more"# + "\n")
        #expect(host.shutDown() == [])
    }

    @Test func aTransactionIsCommittedOrUndone() throws {
        #expect(try ask("add", "add", "add") == "count 3\n")
        #expect(try ask("add", "throw") == "14 7 no\n")
        #expect(try ask("add", "throw", "add") == "count 2\n")
        #expect(try ask("add", "both", "add") == "count 2\n", "none of both")
        #expect(try ask("add", "ignore") == "count 2\n")
        #expect(try ask("add", "after") == "4 1 prepare: no such column: missing\n")
        #expect(try ask("add", "after", "add") == "count 2\n")
    }

    @Test func aStepThatFailsRefusesThePlugin() {
        for (options, problem) in [
            (["bad": "step"], "step 1 fails: prepare: incomplete input"),
            (["bad": "name"], "tables are migrated in init only, under a name, in at most 10,000 steps"),
        ] {
            let error = #expect(throws: SimulationError.self) {
                try SimulatedHost(Shop.self, options: ["bad": .text(options["bad"]!)])
            }
            #expect("\(error as Any)".contains(problem), "\(error as Any)")
        }
    }
}
