import TestInput
import Testing

@testable import KeyValueStore

@Suite struct TransferTests {
    @Test(arguments: [KeyOrder.bytes, .hash], [0, 1, 300, 20_000])
    func aStoreMovesWhole(order: KeyOrder, keys: Int) throws {
        let store = filled(order, keys)
        let pieces = store.pieces
        #expect(pieces.allSatisfy { $0.count <= PieceHead.largestPiece })
        let restored = try restore(pieces, order)
        #expect(restored.size == store.size)
        #expect(isSame(restored.pieces, pieces))
        for number in 0..<keys {
            #expect(restored.access.get("key \(number)") == store.access.get("key \(number)"))
            #expect(restored.access.deadline("key \(number)") == (number % 3 == 0 ? Int64(1_000 + number) : 0))
        }
        // It goes on like any other store.
        for number in 0..<keys { restored.access.set("other \(number)", "x") }
        for number in 0..<keys { #expect(restored.access.remove("key \(number)")) }
        #expect(restored.size.keys == keys)
    }

    private func filled(_ order: KeyOrder, _ keys: Int) -> SharedStore {
        let store = SharedStore(order: order, maximumBytes: .max)
        for number in 0..<keys {
            let value = String(repeating: "\(number)", count: number % 50)
            store.access.set("key \(number)", value, deadline: number % 3 == 0 ? Int64(1_000 + number) : 0)
        }
        return store
    }

    /// Larger than a piece, exactly as large, and around it.
    @Test(arguments: [1, 100_000, 1_048_560 - 48, 1_048_512, 1_048_513, 1_048_576, 1_100_000, 5_000_000, 16_000_000])
    func largeValuesGoInParts(bytes: Int) throws {
        let store = SharedStore(order: .hash, maximumBytes: .max)
        for key in ["a", "b", "c"] {
            let value = [UInt8](repeating: key.utf8.first!, count: bytes)
            value.withUnsafeBytes { value in
                _ = withBytes(key) { store.access.update($0, now: 0) { _ in .replace(value, deadline: 0) } }
            }
            store.access.set("small \(key)", key)
        }
        let pieces = store.pieces
        #expect(pieces.allSatisfy { $0.count <= PieceHead.largestPiece })
        let restored = try restore(pieces, .hash)
        #expect(isSame(restored.pieces, pieces))
        #expect(restored.size == store.size)
        #expect(restored.access.get("b")?.utf8.count == bytes)
    }

    @Test func versionsMoveAndGoOnGrowing() throws {
        let store = filled(.bytes, 300)
        _ = store.put(utf8("last"), [1])
        #expect(store.delete(utf8("last")))
        let restored = try restore(store.pieces, .bytes)
        for number in 0..<300 { #expect(restored.entry("key \(number)") == store.entry("key \(number)")) }
        // Also larger than the version of a key that is gone.
        let last = store.shards[0].contents.pointee.lastVersion
        #expect(restored.put(utf8("last"), [2]) == .created)
        #expect(try #require(restored.entry("last")).version > last)
    }

    /// Written before keys had versions, byte for byte.
    @Test func restoresVersionOne() throws {
        func entry(_ key: String, _ value: String, deadline: Int64 = 0) -> [UInt8] {
            var bytes = littleEndian(UInt32(value.utf8.count)) + littleEndian(UInt16(key.utf8.count))
            bytes += littleEndian(UInt16(deadline == 0 ? 0 : 1)) + (deadline == 0 ? [] : littleEndian(deadline))
            bytes += utf8(key) + utf8(value)
            return bytes + [UInt8](repeating: 0, count: (8 - bytes.count % 8) % 8)
        }
        func head(kind: UInt16, _ number: UInt32, _ entries: Int) -> [UInt8] {
            utf8("KVES") + littleEndian(UInt16(1)) + littleEndian(kind) + littleEndian(number)
                + littleEndian(UInt32(entries)) + littleEndian(UInt64(3)) + littleEndian(UInt64(1_000_600))
                + littleEndian(UInt64(0)) + littleEndian(UInt64(0))
        }
        let large = entry("large", String(repeating: "l", count: 1_000_000 - 3))
        let pieces = [
            head(kind: 0, 0, 2) + entry("a", "1") + entry("b", "22", deadline: 50),
            head(kind: 1, 1, 0) + large[..<100], head(kind: 1, 2, 100) + large[100...1_000_009],
        ]
        let store = try restore(pieces, .bytes)
        let version = try #require(store.entry("a")).version
        #expect(version > 1_700_000_000_000_000)
        #expect(store.entry("a") == SharedStore.Entry(value: "1", version: version, deadline: 0))
        #expect(store.entry("b") == SharedStore.Entry(value: "22", version: version, deadline: 50))
        #expect(store.entry("large")?.value == String(repeating: "l", count: 999_997))
        #expect(store.write(.put("a", "2", if: .version(version))) == .done(existed: true, version: version + 1))
        #expect(try restore(store.pieces, .bytes).entry("b") == store.entry("b"))
    }

    @Test func refusesVersionsThatCannotBe() throws {
        func error(_ order: KeyOrder, _ change: (inout [UInt8]) -> Void) -> PieceError? {
            var piece = filled(.bytes, 2).pieces[0]
            change(&piece)
            do {
                try piece.withUnsafeBytes { try SharedStore(order: order, maximumBytes: .max).restore($0) }
                return nil
            } catch { return error as? PieceError }
        }
        #expect(error(.bytes) { _ in } == nil)
        #expect(error(.bytes) { $0[4] = 1 } == .malformed("a version that the piece cannot have", offset: 40))
        #expect(
            error(.bytes) { $0.replaceSubrange(40..<48, with: [UInt8](repeating: 0, count: 8)) }
                == .malformed("a version that the piece cannot have", offset: 40))
        // The first entry has a version beyond the last one, and none.
        #expect(error(.bytes) { $0[48 + 15] = 0xFF } == .malformed("a version that no key can have", offset: 48))
        #expect(
            error(.bytes) { $0.replaceSubrange(56..<64, with: [UInt8](repeating: 0, count: 8)) }
                == .malformed("a version that no key can have", offset: 48))
        for flags in [0, 1, 4, 7, 8] as [UInt8] {
            #expect(error(.bytes) { $0[48 + 6] = flags } == .malformed("unknown flags", offset: 48))
        }
        #expect(error(.hash) { $0[32] = 1 } == .unknownVersion(2))
    }

    @Test func cursorsStayValid() throws {
        let store = filled(.hash, 1_000)
        var (seen, cursor) = ([String](), UInt64(0))
        func scan(_ store: SharedStore, _ limit: Int) {
            cursor = store.access.scan(from: cursor, limit: limit, now: 0) { key, _ in
                seen.append(String(decoding: key, as: UTF8.self))
            }
        }
        scan(store, 300)
        let restored = try restore(store.pieces, .hash)
        scan(restored, 10_000)
        #expect(cursor == 0 && Set(seen).count == 1_000 && seen.count == 1_000)
    }

    @Test func theReceiverCanRefuse() {
        let store = filled(.hash, 20_000)
        var calls = 0
        #expect(
            !store.save { _ in
                calls += 1
                return calls < 2
            })
        #expect(calls == 2)
    }

    @Test func saysWhatIsWrong() throws {
        let pieces = filled(.hash, 30_000).pieces
        try #require(pieces.count >= 3)
        func error(_ pieces: [[UInt8]], _ order: KeyOrder = .hash, limit: Int = .max) -> PieceError? {
            let store = SharedStore(order: order, maximumBytes: limit)
            do {
                for piece in pieces { try piece.withUnsafeBytes { try store.restore($0) } }
                try store.finishRestoring()
                return nil
            } catch { return error as? PieceError }
        }
        #expect(error(pieces) == nil)
        #expect(error([]) == .incomplete(keys: 0, expected: 0))
        #expect(error([[1, 2, 3]]) == .tooShort(bytes: 3))
        #expect(error([[UInt8](repeating: 0, count: 100)]) == .notAPiece)
        #expect(error([pieces[1]]) == .outOfOrder(piece: 1, expected: 0))
        #expect(error([pieces[0], pieces[2]]) == .outOfOrder(piece: 2, expected: 1))
        #expect(error(pieces, .bytes) == .otherOrder)
        var version = pieces[0]
        version[4] = 3
        #expect(error([version]) == .unknownVersion(3))
        guard case .incomplete = error(Array(pieces.dropLast())) else {
            Issue.record("expected an incomplete store")
            return
        }
        guard case .tooLarge(_, limit: 1_000_000) = error(pieces, limit: 1_000_000) else {
            Issue.record("expected a store that is too large")
            return
        }
        guard case .malformed = error([Array(pieces[0].dropLast(8))]) else {
            Issue.record("expected a malformed piece")
            return
        }
    }

    /// Damaged pieces give errors, or a store that works; never a trap.
    @Test(arguments: UInt64(1)...40)
    func survivesDamagedPieces(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let source = filled(seed % 2 == 0 ? .hash : .bytes, 200)
        if seed % 5 == 0 { source.access.set("large", String(repeating: "l", count: 1_200_000)) }
        let pieces = source.pieces
        for _ in 0..<50 {
            let store = SharedStore(order: source.order, maximumBytes: 100_000_000)
            do {
                for piece in pieces { try damaged(piece, &generator).withUnsafeBytes { try store.restore($0) } }
                try store.finishRestoring()
            } catch {
                #expect(error is PieceError)
            }
            store.access.set("after", "x")
            #expect(store.access.get("after") == "x")
        }
    }

    private func damaged(_ piece: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = piece
        switch generator.below(5) {
        case 0: bytes.removeLast(generator.below(bytes.count))
        case 1: bytes += generator.bytes(count: generator.below(40))
        case 2: bytes = generator.bytes(count: generator.below(200))
        default: break
        }
        for _ in 0..<generator.below(4) where !bytes.isEmpty {
            // Mostly in the head and the first entries.
            let place = generator.below(generator.below(3) == 0 ? bytes.count : min(bytes.count, 120))
            bytes[place] = [0, 1, 0x7F, 0x80, 0xFF, UInt8(generator.below(256))][generator.below(6)]
        }
        return bytes
    }

    /// Whether two saved stores have the same entries, wherever their pieces end.
    private func isSame(_ one: [[UInt8]], _ other: [[UInt8]]) -> Bool {
        func entries(_ pieces: [[UInt8]]) -> [UInt8] { pieces.flatMap { $0.dropFirst(PieceHead.bytes) } }
        return entries(one) == entries(other)
    }

    private func restore(_ pieces: [[UInt8]], _ order: KeyOrder) throws -> SharedStore {
        let store = SharedStore(order: order, maximumBytes: .max)
        for piece in pieces { try piece.withUnsafeBytes { try store.restore($0) } }
        try store.finishRestoring()
        return store
    }
}

extension SharedStore {
    var pieces: [[UInt8]] {
        var pieces: [[UInt8]] = []
        let isSaved = save { piece in
            pieces.append(Array(piece))
            return true
        }
        precondition(isSaved)
        return pieces
    }
}
