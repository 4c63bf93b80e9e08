import Synchronization
import TestInput
import Testing

@testable import KeyValueStore

@Suite struct VersionedStoreTests {
    let store = SharedStore(maximumBytes: .max)

    @Test func everyWriteGivesALargerVersion() throws {
        var versions: [UInt64] = []
        func note() throws { versions.append(try #require(store.entry("a")).version) }
        _ = store.put(utf8("a"), [1])
        try note()
        _ = store.put(utf8("a"), [1])
        try note()
        #expect(store.delete(utf8("a")))
        _ = store.put(utf8("a"), [1])
        try note()
        _ = store.write(.put("a", "1"))
        try note()
        _ = store.batch([.put("a", "2"), .delete("a"), .put("a", "3")])
        try note()
        // Of a size that stays in its block, and of one that does not.
        store.access.set("a", "4")
        try note()
        store.access.set("a", String(repeating: "4", count: 500))
        try note()
        _ = store.write(.put("a", "5", deadline: 10))
        try note()
        _ = store.write(.put("a", "6"), now: 10)
        try note()
        #expect(versions[0] > 1_700_000_000_000_000, "microseconds since 1970")
        #expect(versions == versions.sorted() && Set(versions).count == versions.count)
    }

    @Test func aConditionDecides() {
        #expect(store.write(.put("a", "1", if: .present)) == .notMet(version: 0))
        #expect(store.write(.put("a", "1", if: .version(7))) == .notMet(version: 0))
        #expect(store.write(.delete("a", if: .present)) == .notMet(version: 0))
        #expect(store.write(.delete("a", if: .absent)) == .done(existed: false, version: 0))
        #expect(store.write(.delete("a")) == .done(existed: false, version: 0))
        #expect(store.size == StoreChange())
        guard case .done(existed: false, let first) = store.write(.put("a", "1", if: .absent)) else {
            Issue.record("not put")
            return
        }
        #expect(store.entry("a") == SharedStore.Entry(value: "1", version: first, deadline: 0))
        #expect(store.write(.put("a", "2", if: .absent)) == .notMet(version: first))
        #expect(store.write(.put("a", "2", if: .version(first - 1))) == .notMet(version: first))
        #expect(store.write(.put("a", "2", if: .version(first))) == .done(existed: true, version: first + 1))
        #expect(store.write(.delete("a", if: .version(first))) == .notMet(version: first + 1))
        #expect(store.write(.put("a", "3", if: .present)) == .done(existed: true, version: first + 2))
        #expect(store.write(.delete("a", if: .version(first + 2))) == .done(existed: true, version: 0))
        #expect(store.entry("a") == nil && store.size == StoreChange())
    }

    @Test func anExpiredKeyDoesNotExistForAnyRequest() {
        func expired() -> SharedStore {
            let store = SharedStore(maximumBytes: .max)
            _ = store.write(.put("a", "1", deadline: 100))
            return store
        }
        #expect(expired().entry("a", now: 99)?.deadline == 100 && expired().keys(now: 99) == ["a"])
        #expect(expired().entry("a", now: 100) == nil && expired().get(utf8("a"), now: 100) == nil)
        #expect(expired().keys(now: 100) == [])
        #expect(expired().put(utf8("a"), [], now: 100) == .created)
        #expect(!expired().delete(utf8("a"), now: 100))
        #expect(expired().write(.put("a", "2", if: .present), now: 100) == .notMet(version: 0))
        #expect(expired().write(.delete("a"), now: 100) == .done(existed: false, version: 0))
        #expect(expired().batch([.put("a", "2", if: .present)], now: 100) == .notMet(index: 0, version: 0))
        let store = expired()
        #expect(store.size.keys == 1 && store.access.expiringKeys == 1)
        _ = store.get(utf8("a"), now: 100)
        #expect(store.size == StoreChange() && store.access.expiringKeys == 0)
    }

    @Test func aPlainPutRemovesTheExpiry() {
        _ = store.write(.put("a", "1", deadline: 100))
        _ = store.put(utf8("a"), [2])
        #expect(store.entry("a", now: 1_000)?.deadline == 0 && store.access.expiringKeys == 0)
    }

    /// Many keys begin with the same eight bytes, which is all that a sweep of hashes remembers.
    @Test func sweepsKeysWithTheSameBeginning() {
        for number in 0..<3_000 {
            _ = store.write(.put("the same beginning \(number)", "x", deadline: number % 2 == 0 ? 100 : 0))
        }
        var (removed, calls) = (0, 0)
        while store.size.keys > 1_500, calls < 200 {
            removed += store.sweep(atMost: 100, now: 100)
            calls += 1
        }
        #expect(removed == 1_500 && store.access.expiringKeys == 0 && calls <= 31)
    }

    @Test func aKeyCostsEightBytesMore() {
        _ = store.put(utf8("key"), utf8("value"))
        #expect(store.size == StoreChange(keys: 1, bytes: 8 + Record.overheadBytes + 8))
        _ = store.write(.put("key", "value", deadline: 5))
        #expect(store.size == StoreChange(keys: 1, bytes: 8 + Record.overheadBytes + 16))
        let hashed = SharedStore(order: .hash, maximumBytes: .max)
        hashed.access.set("key", "value")
        #expect(hashed.size == StoreChange(keys: 1, bytes: 8 + Record.overheadBytes))
    }

    /// Compares with a dictionary while keys come, change, expire and go, by single writes and by batches.
    @Test(arguments: UInt64(1)...6)
    func agreesWithADictionary(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var model = VersionModel()
        for now in Int64(1)...4_000 {
            model.expire(now)
            let writes = (0..<1 + generator.below(generator.below(4) == 0 ? 30 : 1)).map { _ in
                generator.write(model, now)
            }
            if writes.count == 1 {
                expectSame(store.write(writes[0], now: now), model.apply(writes[0]), writes[0].value)
            } else {
                expectSame(store.batch(writes, now: now), writes, &model)
            }
            if generator.below(50) == 0 { _ = store.sweep(atMost: generator.below(200), now: now) }
            let key = writes[0].key
            #expect(store.entry(key, now: now)?.value == model.entries[key]?.value, "seed \(seed), step \(now)")
            model.entries[key]?.version = store.entry(key, now: now)?.version ?? 0
            for write in writes { model.entries[write.key]?.version = store.entry(write.key, now: now)?.version ?? 0 }
        }
        model.expire(5_000)
        #expect(
            store.keys(now: 5_000)
                == model.entries.keys.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
        while store.sweep(atMost: 10_000, now: 5_000) > 0 {}
        let bytes = model.entries.reduce(0) { sum, entry in
            sum + entry.key.utf8.count + entry.value.value.utf8.count + Record.overheadBytes + 8
                + (entry.value.deadline == 0 ? 0 : 8)
        }
        #expect(store.size == StoreChange(keys: model.entries.count, bytes: bytes))
        #expect(store.access.expiringKeys == model.entries.values.count { $0.deadline != 0 })
    }

    private func expectSame(_ outcome: WriteOutcome, _ expected: VersionModel.Step, _ value: String?) {
        switch (outcome, expected) {
        case (.notMet(let version), .notMet(let current)): #expect(version == current)
        case (.done(let existed, let version), .done(let before)):
            #expect(existed == before && (version > 0) == (value != nil))
        default: Issue.record("\(outcome), expected \(expected)")
        }
    }

    private func expectSame(_ outcome: BatchOutcome, _ writes: [TestWrite], _ model: inout VersionModel) {
        let before = model
        for (index, write) in writes.enumerated() {
            guard case .notMet(let version) = model.apply(write) else { continue }
            guard case .notMet(index, let current) = outcome else {
                Issue.record("\(outcome), expected that \(index) is not met")
                return
            }
            // A version that the batch itself has made is not known to the model.
            if version != .max { #expect(current == version) }
            model = before
            return
        }
        guard case .done(let versions) = outcome else {
            Issue.record("\(outcome), expected that all are done")
            return
        }
        #expect(versions.map { $0 > 0 } == writes.map { $0.value != nil })
    }
}

/// What a store with versions does, without its order and its memory.
private struct VersionModel {
    struct Entry {
        var value: String
        var deadline: Int64
        /// `.max`: not known yet.
        var version: UInt64
    }

    enum Step: Equatable {
        case done(existed: Bool)
        case notMet(version: UInt64)
    }

    var entries: [String: Entry] = [:]

    mutating func expire(_ now: Int64) {
        entries = entries.filter { $0.value.deadline == 0 || $0.value.deadline > now }
    }

    mutating func apply(_ write: TestWrite) -> Step {
        let old = entries[write.key]
        let isMet =
            switch write.condition {
            case .always: true
            case .absent: old == nil
            case .present: old != nil
            case .version(let version): old?.version == version
            }
        guard isMet else { return .notMet(version: old?.version ?? 0) }
        entries[write.key] = write.value.map { Entry(value: $0, deadline: write.deadline, version: .max) }
        return .done(existed: old != nil)
    }
}

extension SeededGenerator {
    fileprivate mutating func write(_ model: VersionModel, _ now: Int64) -> TestWrite {
        let key = "key \(below(120))"
        let condition: StoreCondition =
            switch below(10) {
            case 0: .absent
            case 1: .present
            case 2, 3: .version(model.entries[key]?.version ?? 1)
            default: .always
            }
        guard below(4) > 0 else { return .delete(key, if: condition) }
        let value = String(repeating: "v", count: below(below(40) == 0 ? 20_000 : 200))
        return .put(key, value, if: condition, deadline: below(3) == 0 ? now + 1 + Int64(below(300)) : 0)
    }
}

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }
