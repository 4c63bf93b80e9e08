import MartletKitTesting
import Testing

@Suite struct OptionTests {
    private func greeting(_ options: OptionLiteral) throws -> String {
        let host = try SimulatedHost(Scripted.self, options: options)
        let connection = host.connect()
        connection.send("g")
        return String(decoding: connection.takeOutput(), as: UTF8.self)
    }

    @Test func fillsInDefaults() throws {
        #expect(try greeting([:]) == "3 65536 60.0 seconds a x+y [] false")
    }

    @Test func convertsLiterals() throws {
        let options: OptionLiteral = [
            "count": 5, "size": "2KiB", "wait": .duration(.milliseconds(1_500)), "mode": "b", "names": ["z"],
            "routes": [["path": "/"], ["path": "/a"]], "on": true,
        ]
        #expect(try greeting(options) == "5 2048 1.5 seconds b z [\"/\", \"/a\"] true")
        #expect(try greeting(["size": 17, "wait": "250ms"]) == "3 17 0.25 seconds a x+y [] false")
    }

    static let misfits: [(OptionLiteral, String)] = [
        (["cuont": 1], "option cuont: unknown key in [options]; did you mean \"count\"?"),
        (["count": 11], "option count: expected an integer from 1 to 10, found the integer 11"),
        (
            ["count": "5"],
            "option count: expected an integer from 1 to 10, found the text \"5\"; write it without quotes"
        ),
        (["mode": "c"], "option mode: expected one of \"a\", \"b\", found \"c\"; did you mean \"a\"?"),
        (
            ["size": "much"],
            "option size: expected a size such as \"64KiB\", found the text \"much\"; "
                + "the units are B, KiB, MiB, GiB, TiB, KB, MB, GB and TB"
        ),
        (["routes": [["path": "/"], [:]]], "option routes[1].path: required, but missing; expected a text"),
        (["names": ["a", 1]], "option names[1]: expected a text, found the integer 1"),
        (["count": 7], "create refused with ARGUMENT: count: 7 is not liked"),
    ]

    @Test(arguments: misfits)
    func refusesInvalidOptions(_ options: OptionLiteral, _ message: String) {
        do throws(SimulationError) {
            _ = try SimulatedHost(Scripted.self, options: options)
            Issue.record("expected an error")
        } catch {
            #expect(error.description == message)
        }
    }
}
