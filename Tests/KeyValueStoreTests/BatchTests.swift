import Synchronization
import Testing

@testable import KeyValueStore

@Suite struct BatchTests {
    @Test func appliesAllInOrder() throws {
        let store = SharedStore(maximumBytes: .max)
        _ = store.put(utf8("b"), [1])
        let outcome = store.batch([
            .put("a", "1", if: .absent), .put("a", "2", if: .present), .delete("b", if: .present),
            .delete("b", if: .absent), .put("c", "3"),
        ])
        guard case .done(let versions) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(store.keys() == ["a", "c"] && store.entry("a")?.value == "2")
        #expect(versions == [versions[0], versions[0] + 1, 0, 0, versions[0] + 2])
        #expect(store.entry("a")?.version == versions[1] && store.entry("c")?.version == versions[4])
    }

    /// The condition that is not met comes after puts, replacements and deletes, of keys that repeat.
    @Test func changesNothingIfOneConditionIsNotMet() throws {
        let store = SharedStore(maximumBytes: .max)
        for key in ["a", "b", "c"] { _ = store.write(.put(key, "old", deadline: key == "c" ? 100 : 0)) }
        let (before, size) = (["a", "b", "c"].map { store.entry($0) }, store.size)
        let outcome = store.batch([
            .put("a", "new"), .put("a", "newer"), .delete("b"), .put("d", "new"), .delete("d"), .put("d", "again"),
            .put("b", "back"), .delete("c"), .put("c", "longer than before", deadline: 0), .put("e", "x"),
            .delete("d", if: .absent),
        ])
        guard case .notMet(index: 10, let version) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        // Of the key as the writes before it would have left it.
        #expect(version > 0)
        #expect(["a", "b", "c"].map { store.entry($0) } == before && store.size == size)
        #expect(store.keys() == ["a", "b", "c"] && store.access.expiringKeys == 1)
    }

    @Test func changesNothingIfTheStoreIsFull() {
        let each = 1 + 100 + Record.overheadBytes + 8
        let changes = Mutex(StoreChange())
        let store = SharedStore(maximumBytes: 3 * each) { change in
            changes.withLock {
                $0.keys += change.keys
                $0.bytes += change.bytes
            }
        }
        let value = String(repeating: "v", count: 100)
        for key in ["a", "b"] { _ = store.write(.put(key, value)) }
        let before = ["a", "b"].map { store.entry($0) }
        #expect(store.batch([.put("a", ""), .put("c", value), .put("d", value), .put("e", value)]) == .full)
        #expect(["a", "b"].map { store.entry($0) } == before && store.size.keys == 2)
        #expect(changes.withLock { $0 } == store.size)
        #expect(store.write(.put("c", value + "v")) == .full)
        // What all writes together need counts, whatever their order.
        guard case .done = store.batch([.put("c", value), .put("d", value), .delete("a")]) else {
            Issue.record("three values of three do not fit")
            return
        }
        #expect(store.size.bytes == 3 * each && store.write(.put("e", "")) == .full)
        #expect(store.batch([.delete("b"), .put("e", value)]) != .full)
        #expect(changes.withLock { $0 } == store.size)
    }

    /// Two threads move an amount between two keys, and a third never sees the sum change.
    @Test func nobodySeesAPart() async {
        let store = SharedStore(maximumBytes: .max)
        _ = store.batch([.put("a", "50"), .put("b", "50")])
        await withTaskGroup(of: Void.self) { group in
            for thread in 1...2 {
                group.addTask {
                    for _ in 0..<1_000 {
                        guard let a = store.entry("a"), let b = store.entry("b") else { return }
                        let amount = Int(a.value)! >= thread ? thread : -thread
                        _ = store.batch([
                            .put("a", "\(Int(a.value)! - amount)", if: .version(a.version)),
                            .put("b", "\(Int(b.value)! + amount)", if: .version(b.version)),
                        ])
                    }
                }
            }
            group.addTask {
                for _ in 0..<2_000 {
                    var sum = 0
                    _ = store.scan(prefix: RawSpan(), startAfter: RawSpan(), now: { 0 }) { _, value in
                        sum += value.withUnsafeBytes { Int(String(decoding: $0, as: UTF8.self))! }
                        return true
                    }
                    #expect(sum == 100)
                }
            }
        }
    }
}
