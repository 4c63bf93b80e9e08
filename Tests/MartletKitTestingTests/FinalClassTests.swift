import MartletKit
import MartletKitTesting
import Synchronization
import Testing

/// A final class can hold what cannot be copied: this plugin has a `Mutex`, its loop states an `Atomic`, and each session a seat that must
/// be given back exactly once.
private final class Theatre: Plugin {
    static let manifest = Manifest(
        name: "theatre", version: "1.0.0", summary: "Gives each peer a seat",
        options: [Option("seats", .integer(1...10), default: "2", help: "How many")], threads: .both)

    let host: Host<Theatre>
    private let free: Mutex<[Int]>

    init(options: Options, host: Host<Theatre>) throws(OptionError) {
        self.host = host
        free = Mutex(Array(1...Int(try options.integer("seats"))))
    }

    final class Applause: Sendable {
        let claps = Atomic<Int>(0)
    }

    func makeLoopState(loop: Int) -> Applause { Applause() }

    struct Seat: ~Copyable {
        let number: Int
        private let theatre: Theatre

        init?(in theatre: Theatre) {
            guard let number = theatre.free.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { return nil }
            self.number = number
            self.theatre = theatre
        }

        deinit {
            let (number, theatre) = (number, theatre)
            theatre.free.withLock { $0.append(number) }
            theatre.host.info("seat \(number) is free")
        }
    }

    final class Session: RestorableSession {
        typealias Plugin = Theatre
        static let stateSchema = StateSchema("theatre.session", version: 1, restores: 1...1)
        private let seat: Seat

        init?(opening connection: Connection<Theatre>) {
            guard let seat = Seat(in: connection.plugin) else { return nil }
            self.seat = seat
        }

        init?(restoring state: RawSpan, version: UInt32, on connection: Connection<Theatre>) {
            guard let seat = Seat(in: connection.plugin) else { return nil }
            self.seat = seat
        }

        func save(into state: inout SavedState) -> SaveOutcome { .saved }

        func received(_ input: Span<UInt8>, from connection: Connection<Theatre>) -> Int {
            let claps = connection.loop.claps.wrappingAdd(input.count, ordering: .relaxed).newValue
            connection.write("\(seat.number):\(claps) ")
            return input.count
        }

        func moved(_ connection: Connection<Theatre>) { connection.plugin.host.info("seat \(seat.number) moves") }

        func closed(_ connection: Connection<Theatre>, reason: CloseReason) {
            connection.plugin.host.info("seat \(seat.number) leaves")
        }
    }
}

@Suite struct FinalClassTests {
    @Test func itsSessionsAreReleased() throws {
        let host = try SimulatedHost(Theatre.self)
        let (first, second) = (host.connect(), host.connect())
        #expect(host.connect().end == .refused)
        first.send("xx")
        second.send("x")
        #expect(first.takeText() == "1:2 " && second.takeText() == "2:3 ")
        first.hangUp()
        host.connect().send("x")
        #expect(host.takeLogs().map(\.message) == ["seat 1 leaves", "seat 1 is free"])
        #expect(host.shutDown() == [])
        #expect(host.logs.count == 4)
    }

    /// `moved` comes instead of `closed`, and before the release.
    @Test func aSessionIsToldThatItHasMoved() throws {
        let old = try SimulatedHost(Theatre.self)
        let new = try old.nextGeneration(Theatre.self, options: ["seats": 1])
        let (first, second) = (old.connect(), old.connect())
        #expect(first.migrate(to: new) == .moved)
        #expect(old.takeLogs().map(\.message) == ["seat 1 moves", "seat 1 is free"])
        #expect(second.migrate(to: new) == .stays)
        #expect(old.takeLogs().isEmpty)
        first.send("x")
        #expect(first.takeText() == "1:1 ")
        #expect(old.shutDown() == [])
        #expect(old.takeLogs().map(\.message) == ["seat 2 leaves", "seat 2 is free"])
        #expect(new.shutDown() == [])
        #expect(new.takeLogs().map(\.message) == ["seat 1 leaves", "seat 1 is free"])
    }
}
