import MartletKit
import MartletKitTesting
import Testing

@Suite struct MigrationTests {
    private let old: SimulatedHost
    private let new: SimulatedHost

    init() throws {
        old = try SimulatedHost(Counting.self)
        new = try old.nextGeneration(Counting.self)
    }

    private func expectNoProblems() {
        #expect(old.shutDown() == [])
        #expect(new.shutDown() == [])
    }

    @Test func continuesInTheOtherInstance() {
        let connection = old.connect()
        let id = connection.id
        connection.send("xxx?")
        #expect(connection.migrate(to: new) == .moved)
        #expect(old.shutDown() == [])
        connection.send("x?")
        #expect(connection.takeOutput() == Array("34".utf8))
        #expect(connection.id == id)
        #expect(new.shutDown() == [])
        #expect((old.logs + new.logs).map(\.message) == ["closed at 4"])
    }

    @Test func keepsInputOutputAndTimer() {
        let connection = old.connect(readsAtOnce: false)
        connection.send("xxt?h")
        old.advance(by: .seconds(3))
        #expect(connection.migrate(to: new) == .moved)
        #expect(connection.unconsumedInput == 1)
        #expect(connection.waitingOutput == 1)
        #expect(connection.timer == .seconds(2))
        new.advance(by: .seconds(2))
        connection.read()
        #expect(connection.takeOutput() == Array("2timer 2".utf8))
        expectNoProblems()
    }

    @Test func movesLaterIfItIsBusy() {
        let connection = old.connect()
        connection.send("xb")
        #expect(connection.migrate(to: new) == .later)
        connection.send("x")
        #expect(old.connections.count == 1)
        connection.send("B")
        #expect(old.connections.isEmpty)
        connection.send("?")
        #expect(connection.takeOutput() == Array("2".utf8))
        expectNoProblems()
    }

    @Test(arguments: ["xp", String(repeating: "x", count: 13)])
    func staysIfEitherSideRefuses(_ input: String) {
        let connection = old.connect()
        connection.send(input)
        #expect(connection.migrate(to: new) == .stays)
        connection.send("x?")
        #expect(connection.takeOutput() == Array("\(input.filter { $0 == "x" }.count + 1)".utf8))
        expectNoProblems()
    }

    @Test func detectsWritesInRestore() {
        let connection = old.connect()
        connection.send(String(repeating: "x", count: 14))
        connection.migrate(to: new)
        #expect(new.shutDown() == ["connection 1: write inside save or restore"])
    }

    @Test func swapsAllSessions() {
        let connections = (0..<3).map { _ in old.connect() }
        connections[1].send("p")
        #expect(old.swap(to: new) == [.moved, .stays, .moved])
        #expect(new.openConnections.count == 2)
        expectNoProblems()
    }

    /// As on a server, where a session never leaves its listener.
    @Test func staysOnItsListener() throws {
        let other = try SimulatedHost(Counting.self)
        #expect(old.connect().migrate(to: other) == .stays)
        #expect(old.swap(to: other) == [.stays])
        #expect(other.shutDown() == [])
        expectNoProblems()
    }

    @Test func staysWithAPluginThatRestoresNothing() throws {
        let scripted = try old.nextGeneration(Scripted.self)
        let connection = old.connect()
        #expect(connection.migrate(to: scripted) == .stays)
        #expect(scripted.connect().migrate(to: old) == .stays)
        #expect(scripted.shutDown() == [])
        expectNoProblems()
    }
}
