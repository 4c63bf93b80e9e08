import MartletKit
import MartletKitTesting
import Testing

@testable import BinaryPlugin
@testable import BinaryWire
@testable import KeyValueStore

/// What moves to the next generation.
@Suite struct SwapTests {
    @Test func versionsDeadlinesAndWatchesMove() throws {
        let old = try SimulatedHost(Binary.self, loops: 2)
        let (watcher, other, writer) = (Client(old), Client(old, loop: 1), Client(old))
        _ = writer.put("a", "1")
        _ = writer.write(.put(utf8("b"), utf8("2"), timeToLiveMilliseconds: 60_000))
        let version = writer.version("a")
        let (first, second) = (watcher.watch(.key, "a"), watcher.watch(.key, "a"))
        let prefix = other.watch(.prefix, "")
        _ = writer.put("c", "before the swap")
        let new = try old.nextGeneration(Binary.self)
        #expect(old.swap(to: new) == [.moved, .moved, .moved])
        #expect(old.metric("watches") == 3)
        #expect(old.shutDown() == [])

        #expect(writer.read("a") == [.read(utf8("1"), version: version, timeToLive: 0)])
        guard case .read(_, _, 59_000...60_000) = writer.read("b").first else {
            Issue.record("the deadline has not moved")
            return
        }
        let newcomer = Client(new)
        let third = newcomer.watch(.key, "new")
        #expect(![first, second, prefix].contains(third))
        guard case .write(let written) = writer.write(.put(utf8("a"), utf8("3"), if: .version(version))).first else {
            Issue.record("not written")
            return
        }
        new.runWork()
        #expect(written.isDone && written.version > version)
        let expected = [first, second].map { Reply.changed(.put, watch: $0, version: written.version, key: "a") }
        #expect(watcher.replies() == expected)
        #expect(other.replies().last == .changed(.put, watch: prefix, version: written.version, key: "a"))
        #expect(watcher.unwatch(first) == [.unwatch(existed: true)] && newcomer.replies() == [])
        // The sweep goes on without a request.
        new.advance(by: .seconds(61))
        new.runWork()
        #expect(other.replies().contains(.changed(.expired, watch: prefix, version: 0, key: "b")))
        #expect(new.shutDown() == [])
        #expect(new.metric("watches") == 0)
    }

    @Test func theMostWatchesMove() throws {
        let old = try SimulatedHost(Binary.self)
        let client = Client(old)
        let name = String(repeating: "x", count: 508)
        let watches = (0..<1_000).map { client.watch(.key, name + "\($0)") }
        let new = try old.nextGeneration(Binary.self)
        #expect(old.swap(to: new) == [.moved])
        #expect(old.shutDown() == [])
        guard case .changed(.put, watches[999], _, _) = client.put(name + "999", "x").last else {
            Issue.record("no notice")
            return
        }
        #expect(new.shutDown() == [])
    }

    @Test func theStateOfVersionOneMoves() throws {
        let old = try SimulatedHost(OldBinary.self)
        let client = Client(old)
        let new = try old.nextGeneration(Binary.self)
        #expect(old.swap(to: new) == [.moved])
        #expect(old.shutDown() == [])
        #expect(client.get("old") == [.value(utf8("value"))])
        let version = client.version("old")
        #expect(version > 0)
        #expect(
            client.write(.put(utf8("old"), utf8("new"), if: .version(version)))
                == [.write(WriteAnswer(isDone: true, existed: true, version: version + 1))])
        #expect(new.shutDown() == [])
    }

    /// Of other lengths, an unknown kind, and a number that stands for two things.
    @Test func refusesWatchesThatItCannotContinue() throws {
        func watch(_ number: UInt32, _ kind: UInt16, _ name: [UInt8], claimed: Int? = nil) -> [UInt8] {
            littleEndian(number) + littleEndian(kind) + littleEndian(UInt16(claimed ?? name.count)) + name
        }
        func isTaken(_ count: UInt32, _ watches: [UInt8]...) -> Bool {
            let state = littleEndian(count) + watches.flatMap { $0 }
            return BinarySession.watches(state.span.bytes, from: 0) != nil
        }
        #expect(isTaken(0) && isTaken(2, watch(1, 0, [1]), watch(2, 1, [])))
        #expect(!isTaken(1) && !isTaken(0, [0]) && !isTaken(1, watch(0, 0, [1])) && !isTaken(1, watch(1, 2, [1])))
        #expect(!isTaken(1, watch(1, 0, [1], claimed: 2)) && !isTaken(1, watch(1, 0, [1], claimed: 0)))
        #expect(!isTaken(1_001) && !isTaken(1, watch(1, 0, [UInt8](repeating: 1, count: 513))))
    }
}

/// A session and a store as they were saved before keys had versions.
private struct OldBinary: Plugin {
    static let manifest = Manifest(name: "binary", version: "0.9.0", summary: "version 1 of the state")
    init(options: Options, host: Host<OldBinary>) {}

    struct Session: RestorableSession {
        typealias Plugin = OldBinary
        static let stateSchema = StateSchema("binary.session", version: 1, restores: 1...1)
        var wire = ServerSession(settings: ServerSettings()!, nowMilliseconds: 0)

        init(opening connection: Connection<OldBinary>) {}
        init?(restoring state: RawSpan, version: UInt32, on connection: Connection<OldBinary>) { return nil }

        mutating func received(_ input: Span<UInt8>, from connection: Connection<OldBinary>) -> Int {
            let step = wire.next(in: input.bytes, nowMilliseconds: 0)
            if case .hello(_, let id) = step.event {
                let bytes = FrameEncoder.array {
                    FrameEncoder.helloAnswer(settings: wire.settings, name: RawSpan(), requestID: id, into: &$0)
                }
                if let bytes { connection.write(bytes.span) }
            }
            return step.consumed
        }

        func save(into state: inout SavedState) -> SaveOutcome {
            var bytes = [UInt8](repeating: 0, count: ServerSession.savedBytes)
            var elements = bytes.mutableSpan
            var output = elements.mutableBytes
            guard wire.save(into: &output) else { return .never }
            state.append(bytes.span.bytes)
            state.append(UInt32(0))
            state.append(UInt8(0))
            return .saved
        }
    }
}

extension OldBinary: StatefulPlugin {
    static let stateSchema = StateSchema("binary.store", version: 1, restores: 1...1)

    func save(into state: inout SavedPieces) throws(StateError) {
        let head =
            utf8("KVES") + littleEndian(UInt16(1)) + littleEndian(UInt16(0)) + littleEndian(UInt32(0))
            + littleEndian(UInt32(1)) + littleEndian(UInt64(1)) + littleEndian(UInt64(64))
            + littleEndian(UInt64(0)) + littleEndian(UInt64(0))
        let entry = littleEndian(UInt32(5)) + littleEndian(UInt16(3)) + [0, 0] + utf8("oldvalue")
        try state.put((head + entry).span.bytes)
    }

    func restore(_ piece: RawSpan, version: UInt32) {}
}
