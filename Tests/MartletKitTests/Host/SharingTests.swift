import CMartlet
import MartletKitTesting
import Testing

@testable import MartletKit

/// Groups, other connections and timers. Serialized, because all tests count the tokens of one process.
@Suite(.serialized) struct SharingTests {
    private var tokens: Int { Club.Token.alive.load(ordering: .relaxed) }

    private func ask(_ host: SimulatedHost, _ connection: SimulatedConnection, _ line: String) -> String {
        connection.send(line + "\n")
        host.runWork()
        return connection.takeText()
    }

    // MARK: Groups

    @Test func aMessageReachesTheMembersOnAllLoops() throws {
        let host = try SimulatedHost(Club.self, loops: 2)
        let (one, two, three) = (host.connect(loop: 0), host.connect(loop: 1), host.connect(loop: 0))
        for connection in [one, two, three] { #expect(ask(host, connection, "join a") == "ok\n") }
        #expect(ask(host, three, "leave a") == "ok\n")
        #expect(ask(host, one, "count a") == "2\n")
        #expect(ask(host, one, "send a to all") == "ok\nto all\n")
        #expect(ask(host, one, "send-others a to others") == "ok\n")
        #expect(ask(host, one, "send b to nobody") == "ok\n")
        #expect([one, two, three].map { $0.takeText() } == ["", "to all\nto others\n", ""])
        two.reset()
        #expect(ask(host, one, "count a") == "1\n")
        #expect(host.shutDown() == [])
    }

    /// A member that joins after a message was sent does not get it, although its loop has not come to the message yet.
    @Test func aMessageReachesOnlyThoseWhoJoinedBefore() throws {
        let host = try SimulatedHost(Club.self)
        let connection = host.connect()
        #expect(
            ask(host, connection, "join a\nsend a one\nleave a\nsend a two\njoin a\nsend a three").hasSuffix(
                "ok\nthree\n"))
        #expect(host.shutDown() == [])
    }

    @Test func badNamesOfGroupsAreRefused() throws {
        let host = try SimulatedHost(Club.self)
        let connection = host.connect()
        #expect(ask(host, connection, "join") == "argument\n")
        #expect(ask(host, connection, "join " + String(repeating: "x", count: 256)) == "argument\n")
        #expect(ask(host, connection, "join " + String(repeating: "x", count: 255)) == "ok\n")
        #expect(ask(host, connection, "send") == "argument\n")
        #expect(host.shutDown() == [])
    }

    @Test(arguments: [false, true])
    func aMemberThatDoesNotReadIsSkippedOrClosed(_ isStrict: Bool) throws {
        let host = try SimulatedHost(Club.self)
        let (reader, other) = (host.connect(), host.connect(readsAtOnce: false))
        #expect(ask(host, reader, "join a") == "ok\n")
        #expect(ask(host, other, isStrict ? "join-strictly a 100" : "join a").isEmpty)
        let line = String(repeating: "x", count: 60)
        for _ in 0..<2 { #expect(ask(host, reader, "send a \(line)") == "ok\n\(line)\n") }
        if isStrict {
            #expect(other.end == .reset(.backlog))
        } else {
            other.read()
            #expect(other.takeText() == "ok\n\(line)\n\(line)\n")
        }
        #expect(host.shutDown() == [])
    }

    @Test func membersStayInTheirGroupsWhenTheyMove() throws {
        let host = try SimulatedHost(Club.self, loops: 2)
        let (one, two) = (host.connect(loop: 0), host.connect(loop: 1))
        for connection in [one, two] { #expect(ask(host, connection, "join a") == "ok\n") }
        let next = try host.nextGeneration(Club.self)
        #expect(host.swap(to: next) == [.moved, .moved])
        #expect(ask(next, one, "send a hello") == "ok\nhello\n")
        #expect(two.takeText() == "hello\n")
        #expect(host.shutDown() + next.shutDown() == [])
    }

    // MARK: Other connections

    @Test func aCallbackWritesToAnotherConnectionOfItsLoop() throws {
        let host = try SimulatedHost(Club.self, loops: 2)
        let (one, two, three) = (host.connect(loop: 0), host.connect(loop: 0), host.connect(loop: 1))
        #expect(ask(host, one, "tell \(two.id.rawValue) hello") == "ok 127.0.0.1:10002\n")
        #expect(two.takeText() == "psst, hello\n")
        #expect(ask(host, one, "tell \(three.id.rawValue) hello") == "not here\n")
        #expect(ask(host, one, "tell 0 hello") == "not here\n")
        #expect(ask(host, one, "tell \(two.id.rawValue) bye") == "ok 127.0.0.1:10002\n")
        #expect(two.takeText() == "psst, bye\n")
        #expect(two.end == .closed(.plugin))
        #expect(ask(host, one, "tell \(two.id.rawValue) bye") == "not here\n")
        #expect(host.shutDown() == [])
    }

    @Test func aDeliveryRunsOnTheLoop() throws {
        let host = try SimulatedHost(Club.self, loops: 2)
        let (one, _, _) = (host.connect(loop: 0), host.connect(loop: 1), host.connect(loop: 1))
        #expect(ask(host, one, "post 0") == "ok\nloop 0 had 1 visits\n")
        #expect(ask(host, one, "post 1") == "ok\nelsewhere: loop 1 had 2 visits\n")
        #expect(ask(host, one, "post 2") == "argument\n")
        #expect(ask(host, one, "post") == "argument\n")
        #expect(tokens == 0)
        #expect(host.shutDown() == [])
    }

    // MARK: Timers

    @Test func aTimerTicksUntilItIsCancelled() throws {
        let host = try SimulatedHost(Club.self)
        let connection = host.connect()
        #expect(ask(host, connection, "every 100") == "ok\n")
        host.advance(by: .milliseconds(99))
        #expect(connection.takeText() == "")
        host.advance(by: .milliseconds(201))
        #expect(connection.takeText() == "tick\ntick\ntick\n")
        #expect(tokens == 1)
        #expect(ask(host, connection, "cancel") == "ok\n")
        host.advance(by: .seconds(1))
        #expect(connection.takeText() == "")
        #expect(tokens == 0)
        #expect(host.shutDown() == [])
    }

    @Test func aTimerThatTicksOnceEndsByItself() throws {
        let host = try SimulatedHost(Club.self, loops: 2)
        let connection = host.connect(loop: 1)
        #expect(ask(host, connection, "after 0 1") == "ok\n")
        host.advance(by: .seconds(1))
        #expect(connection.takeText() == "tick\n")
        #expect(tokens == 0)
        #expect(ask(host, connection, "cancel") == "argument\n")
        #expect(ask(host, connection, "after 10 2") == "argument\n")
        #expect(tokens == 0)
        #expect(ask(host, connection, "cancel") == "argument\n")
        #expect(host.shutDown() == [])
    }

    @Test func aTimerOnAWorkerTicksThere() throws {
        let host = try SimulatedHost(Club.self)
        let connection = host.connect()
        #expect(ask(host, connection, "work-every 50\nwork-after 60") == "ok\nok\n")
        for _ in 0..<4 {
            host.advance(by: .milliseconds(50))
            host.runWork()
        }
        #expect(ask(host, connection, "ticks") == "5\n")
        #expect(host.shutDown() == [])
        #expect(tokens == 0)
    }

    @Test func timersEndWithTheirInstance() throws {
        let host = try SimulatedHost(Club.self)
        let connection = host.connect()
        #expect(ask(host, connection, "every 100\nafter 500\nwork-every 100") == "ok\nok\nok\n")
        #expect(tokens == 3)
        let next = try host.nextGeneration(Club.self)
        #expect(host.swap(to: next) == [.moved])
        #expect(host.shutDown() == [])
        #expect(tokens == 0)
        next.advance(by: .seconds(1))
        #expect(connection.takeText() == "")
        #expect(next.shutDown() == [])
    }

    @Test func thereIsALimitOnTimers() throws {
        let host = try SimulatedHost(Club.self)
        let connection = host.connect()
        connection.send(String(repeating: "after 100\n", count: 1_025))
        #expect(connection.takeText() == String(repeating: "ok\n", count: 1_024) + "busy\n")
        host.advance(by: .seconds(1))
        #expect(tokens == 0)
        #expect(host.shutDown() == [])
    }

    // MARK: Hosts without the extensions

    @Test func aMissingExtensionIsUnsupported() {
        var table = martlet_host()
        table.extension = { _, _ in nil }
        withUnsafePointer(to: table) { table in
            let host = Host<Club>(table: table, instance: OpaquePointer(bitPattern: 16)!)
            #expect(!host.has(.loops) && !host.has(.groups))
            #expect(host.every(.seconds(1), onLoop: 0) { _ in }.result == .unsupported)
            #expect(host.after(.seconds(1), onWorker: { _ in }).cancel() == .argument)
            #expect(host.post(toLoop: 0) { _ in } == .unsupported)
            #expect(host.send("x", to: "a") == .unsupported)
            #expect(host.memberCount(of: "a") == 0)
        }
    }

    @Test func aHostThatLacksARequiredExtensionRefusesThePlugin() {
        do throws(SimulationError) {
            _ = try SimulatedHost(Demanding.self)
            Issue.record("expected a refusal")
        } catch {
            #expect(error.description.contains("needs the host extension example.nobody/1"), "\(error)")
        }
    }
}

private struct Demanding: Plugin {
    static let manifest = Manifest(
        name: "demanding", version: "1.0.0", summary: "Needs what nobody has",
        requires: [.groups, HostExtension(rawValue: "example.nobody/1")])
    init(options: Options, host: Host<Demanding>) {}

    struct Session: PlainSession {
        typealias Plugin = Demanding
        static let layout = "demanding.session/1"
        init(opening connection: Connection<Demanding>) {}
        mutating func received(_ input: Span<UInt8>, from connection: Connection<Demanding>) -> Int { input.count }
    }
}
