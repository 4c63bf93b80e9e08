import TestInput
import Testing

@testable import KeyValueStore

@Suite struct OrderedRecordsTests {
    /// Compares with a simple implementation, at sizes at which leaves split and merge.
    @Test(arguments: UInt64(1)...4)
    func agreesWithASortedDictionary(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let store = SharedStore(maximumBytes: .max) { _ in }
        var model: [[UInt8]: [UInt8]] = [:]
        for step in 0..<4_000 {
            let key = generator.key(seed)
            // Grow first, then shrink.
            if Int.random(in: 0..<10, using: &generator) < (step < 2_500 ? 8 : 2) {
                let value = littleEndian(UInt32(step))
                let outcome = store.put(key, value)
                #expect(outcome == (model.updateValue(value, forKey: key) == nil ? .created : .replaced))
            } else {
                #expect(store.delete(key) == (model.removeValue(forKey: key) != nil))
            }
            if step % 1_000 == 999 { expectSame(store, model, &generator) }
        }
        for key in model.keys { #expect(store.delete(key)) }
        #expect(store.size == StoreChange())
    }

    private func expectSame(_ store: SharedStore, _ model: [[UInt8]: [UInt8]], _ generator: inout SeededGenerator) {
        let sorted = model.keys.sorted { $0.lexicographicallyPrecedes($1) }
        #expect(store.size.keys == sorted.count)
        #expect(keys(store) == sorted)
        for _ in 0..<8 {
            let prefix = Array((sorted.randomElement(using: &generator) ?? []).prefix(2))
            let cursor = generator.key(1)
            let expected = sorted.filter { $0.starts(with: prefix) && cursor.lexicographicallyPrecedes($0) }
            #expect(keys(store, prefix: prefix, after: cursor) == expected)
        }
        for key in sorted.prefix(100) {
            #expect(store.get(key) == model[key])
        }
    }

    private func keys(_ store: SharedStore, prefix: [UInt8] = [], after: [UInt8] = []) -> [[UInt8]] {
        var keys: [[UInt8]] = []
        let atZero = { Int64(0) }
        let more = store.scan(prefix: prefix.span.bytes, startAfter: after.span.bytes, now: atZero) { key, _ in
            keys.append(key.withUnsafeBytes { Array($0) })
            return true
        }
        #expect(!more)
        return keys
    }

    @Test func ordersKeysAsUnsignedBytesAndAPrefixFirst() {
        let store = SharedStore(maximumBytes: .max) { _ in }
        // Includes keys that the eight leading bytes cannot tell apart.
        let ordered: [[UInt8]] = [
            [0], [0, 0], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 1], [0, 1],
            [1], [1, 0], [127], [128], [255], [255, 255, 255, 255, 255, 255, 255, 255],
            [255, 255, 255, 255, 255, 255, 255, 255, 0], [255, 255, 255, 255, 255, 255, 255, 255, 255],
        ]
        for key in ordered.reversed() { _ = store.put(key, key) }
        #expect(keys(store) == ordered)
    }

    @Test func fillsLeavesIfKeysArriveInOrder() {
        let store = SharedStore(maximumBytes: .max) { _ in }
        let keys = (0..<3_000).map { index in littleEndian(UInt32(index).byteSwapped) }
        for key in keys { #expect(store.put(key, key) == .created) }
        #expect(self.keys(store) == keys)
        for key in keys.reversed() { #expect(store.delete(key)) }
        #expect(self.keys(store) == [])
    }
}

extension SeededGenerator {
    /// Short keys of few letters repeat often; long keys share their leading bytes.
    fileprivate mutating func key(_ seed: UInt64) -> [UInt8] {
        let start: [UInt8] = seed % 2 == 0 ? Array("same start/".utf8) : []
        return start + (0..<Int.random(in: 1...8, using: &self)).map { _ in UInt8.random(in: 97...102, using: &self) }
    }
}
