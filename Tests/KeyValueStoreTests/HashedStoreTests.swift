import TestInput
import Testing

@testable import KeyValueStore

@Suite struct HashedStoreTests {
    /// Compares with a dictionary while keys come, change their size and deadline, expire and go.
    @Test(arguments: UInt64(1)...6)
    func agreesWithADictionary(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let store = SharedStore(order: .hash, maximumBytes: .max)
        let access = store.access
        var model: [String: (value: String, deadline: Int64)] = [:]
        for now in Int64(1)...6_000 {
            model = model.filter { $0.value.deadline == 0 || $0.value.deadline > now }
            let key = "key \(generator.below(700))"
            let text = String(repeating: "v", count: generator.below(generator.below(50) == 0 ? 40_000 : 300))
            let deadline = generator.below(3) == 0 ? now + Int64(generator.below(500)) + 1 : 0
            switch generator.below(6) {
            case 0:
                let existed = access.remove(key, now: now)
                #expect(existed == (model.removeValue(forKey: key) != nil))
            case 1:
                access.edit(key, now: now) { _ in .expire(at: deadline) }
                model[key]?.deadline = deadline
            case 2:
                let at = generator.below(400)
                access.edit(key, text, now: now) { .splice($0, at: at) }
                model[key] = (splice(model[key]?.value ?? "", text, at), model[key]?.deadline ?? 0)
            case 3: _ = store.sweep(atMost: generator.below(100), now: now)
            default:
                access.set(key, text, deadline: deadline, now: now)
                model[key] = (text, deadline)
            }
            #expect(access.get(key, now: now) == model[key]?.value)
            #expect(access.deadline(key, now: now) == model[key]?.deadline)
            if now % 1_500 == 0 { expectSame(store, model, now) }
        }
        store.access.removeAll()
        #expect(store.size == StoreChange())
    }

    private func splice(_ old: String, _ new: String, _ offset: Int) -> String {
        var bytes = Array(old.utf8)
        if bytes.count < offset + new.utf8.count {
            bytes += [UInt8](repeating: 0, count: offset + new.utf8.count - bytes.count)
        }
        bytes.replaceSubrange(offset..<offset + new.utf8.count, with: Array(new.utf8))
        return String(decoding: bytes, as: UTF8.self)
    }

    private func expectSame(_ store: SharedStore, _ model: [String: (value: String, deadline: Int64)], _ now: Int64) {
        for limit in [1, 7, 100_000] {
            #expect(store.access.keys(limit: limit, now: now).sorted() == model.keys.sorted())
        }
        for (key, entry) in model { #expect(store.access.get(key, now: now) == entry.value) }
        while store.sweep(atMost: 10_000, now: now) > 0 {}
        #expect(store.size.keys == model.count)
        let bytes = model.reduce(0) { sum, entry in
            let (key, (value, deadline)) = entry
            return sum + key.utf8.count + value.utf8.count + Record.overheadBytes + (deadline == 0 ? 0 : 8)
        }
        #expect(store.size.bytes == bytes)
        #expect(store.access.expiringKeys == model.values.count { $0.deadline != 0 })
    }

    /// What Redis promises of SCAN: https://redis.io/docs/latest/commands/scan, "Scan guarantees".
    @Test(arguments: UInt64(1)...6)
    func aScanVisitsWhatExistsAllTheWhile(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let store = SharedStore(order: .hash, maximumBytes: .max)
        for number in 0..<3_000 { store.access.set("stays \(number)", "x") }
        for number in 0..<3_000 { store.access.set("goes \(number)", "x") }
        var (seen, cursor) = ([String](), UInt64(0))
        var number = 0
        repeat {
            cursor = store.access.scan(from: cursor, limit: 1 + generator.below(20), now: 0) { key, _ in
                seen.append(String(decoding: key, as: UTF8.self))
            }
            for _ in 0..<40 {
                store.access.remove("goes \(generator.below(3_000))")
                store.access.set("comes \(number)", "x")
                number += 1
            }
        } while cursor != 0
        #expect(Set(seen).count == seen.count, "a key came twice")
        #expect(seen.count { $0.hasPrefix("stays") } == 3_000)
    }

    @Test func aCursorOfAnotherTimeIsHarmless() {
        let store = SharedStore(order: .hash, maximumBytes: .max)
        store.access.set("a", "x")
        for cursor in [1, UInt64(Int64.max), UInt64(Int64.max) + 1, .max] {
            #expect(store.access.scan(from: cursor, limit: 10, now: 0) { _, _ in } == 0)
        }
    }

    @Test func anExpiredKeyDoesNotExist() {
        let store = SharedStore(order: .hash, maximumBytes: .max)
        store.access.set("a", "x", deadline: 100)
        #expect(store.access.get("a", now: 99) == "x")
        #expect(store.access.keys(limit: 10, now: 100) == [])
        #expect(store.size.keys == 1)
        #expect(store.access.get("a", now: 100) == nil)
        #expect(store.size == StoreChange())
    }

    /// In steps of a bounded size, whatever the number of keys.
    @Test func sweepsWhatHasExpired() {
        let store = SharedStore(order: .hash, maximumBytes: .max)
        for number in 0..<5_000 { store.access.set("\(number)", "x", deadline: number % 2 == 0 ? 100 : 0) }
        #expect(store.sweep(atMost: 5_000, now: 99) == 0)
        var (removed, calls) = (0, 0)
        while store.size.keys > 2_500, calls < 200 {
            let count = store.sweep(atMost: 100, now: 100)
            #expect(count <= 100)
            removed += count
            calls += 1
        }
        #expect(removed == 2_500 && store.access.expiringKeys == 0)
        #expect(calls >= 50)
    }

    @Test func aWatchedKeyTellsOfEveryChange() {
        let access = SharedStore(order: .hash, maximumBytes: .max)
        func changes(_ what: (StoreAccess) -> Void) -> Bool {
            let version = access.access.watch("a", now: 5)
            what(access.access)
            return access.access.unwatch("a", since: version, now: 10)
        }
        #expect(!changes { _ in })
        #expect(!changes { $0.set("b", "x") })
        #expect(!changes { $0.remove("a") })
        #expect(changes { $0.set("a", "x") })
        #expect(changes { $0.set("a", "x") })
        #expect(changes { $0.edit("a") { _ in .expire(at: 9) } })
        #expect(changes { $0.set("a", "x", deadline: 7, now: 6) })
        #expect(changes { $0.set("a", "x") })
        #expect(
            changes { access in
                access.remove("a")
                access.set("a", "x")
            })
        #expect(changes { $0.removeAll() })
    }

    @Test func limitsItsMemory() {
        let each = 1 + 100 + Record.overheadBytes
        let store = SharedStore(order: .hash, maximumBytes: 3 * each)
        let value = String(repeating: "v", count: 100)
        for key in ["a", "b", "c"] { #expect(store.access.set(key, value) == .done) }
        #expect(store.access.set("d", "") == .full)
        #expect(store.access.set("a", value + "v") == .full)
        #expect(store.access.get("a") == value)
        #expect(store.access.edit("a", now: 0) { _ in .expire(at: 5) } == .full)
        #expect(store.access.edit("a", "x") { .splice($0, at: .max) } == .noMemory)
        #expect(store.access.set("a", "short") == .done)
        #expect(store.access.set("b", value + "v") == .done)
        store.access.remove("c")
        #expect(store.access.set("d", value) == .done)
    }

    @Test func severalKeysChangeAtOnce() async {
        let store = SharedStore(order: .hash, maximumBytes: .max)
        await withTaskGroup(of: Void.self) { group in
            for thread in 0..<4 {
                group.addTask {
                    for step in 0..<1_000 {
                        let text = "\(thread) \(step)"
                        if step % 2 == 0 {
                            store.exclusively { access in for key in ["a", "b", "c"] { access.set(key, text) } }
                        } else {
                            var set = ShardSet()
                            for key in ["a", "b"] { withBytes(key) { store.add($0, to: &set) } }
                            #expect(store.locked(set) { $0.get("a") == $0.get("b") })
                        }
                    }
                }
            }
        }
        #expect(store.size.keys == 3)
    }
}
