import Synchronization
import Testing

@testable import KeyValueStore

@Suite struct ObserverTests {
    /// What an observer has seen.
    private final class Seen: Sendable {
        private let lines = Mutex<[String]>([])

        func observe(_ store: SharedStore) {
            store.observe {
                { key, event in
                    let name = String(decoding: key, as: UTF8.self)
                    let what =
                        switch event {
                        case .put: "put"
                        case .deleted: "deleted"
                        case .expired: "expired"
                        }
                    self.lines.withLock { $0.append("\(what) \(name)") }
                }
            }
        }

        func take() -> [String] {
            lines.withLock { lines in
                defer { lines = [] }
                return lines
            }
        }
    }

    private let store = SharedStore(maximumBytes: 10_000)
    private let seen = Seen()

    init() { seen.observe(store) }

    @Test func seesEveryChangeOnce() {
        _ = store.put(utf8("a"), [1])
        _ = store.put(utf8("a"), [2])
        _ = store.write(.put("b", "1", if: .absent))
        _ = store.write(.put("b", "1", if: .absent))
        _ = store.delete(utf8("a"))
        _ = store.delete(utf8("a"))
        _ = store.write(.delete("b"))
        #expect(seen.take() == ["put a", "put a", "put b", "deleted a", "deleted b"])
        store.observe { nil }
        _ = store.put(utf8("a"), [1])
        #expect(seen.take() == [])
    }

    @Test func seesThatKeysExpire() {
        for key in ["a", "b", "c", "d"] { _ = store.write(.put(key, "1", deadline: 100)) }
        _ = seen.take()
        _ = store.get(utf8("a"), now: 100)
        _ = store.put(utf8("b"), [2], now: 100)
        #expect(seen.take() == ["expired a", "expired b", "put b"])
        #expect(store.sweep(atMost: 100, now: 100) == 2)
        #expect(seen.take() == ["expired c", "expired d"])
    }

    @Test func seesABatchOnlyIfItIsDone() {
        _ = store.write(.put("old", "1", deadline: 100))
        _ = seen.take()
        #expect(
            store.batch([.put("a", "1"), .put("b", "1"), .put("c", "1", if: .present)], now: 50)
                == .notMet(index: 2, version: 0))
        #expect(store.batch([.put("a", String(repeating: "x", count: 20_000))], now: 50) == .full)
        #expect(seen.take() == [])
        // What has expired is gone, whatever becomes of the batch.
        #expect(
            store.batch([.put("a", "1"), .put("old", "1", if: .present)], now: 100) == .notMet(index: 1, version: 0))
        #expect(seen.take() == ["expired old"])
        _ = store.batch([.put("a", "1"), .put("b", "1"), .delete("a")], now: 100)
        #expect(seen.take() == ["put a", "put b", "deleted a"])
    }

    @Test func theVersionIsTheOneOfTheKey() {
        let versions = Mutex<[UInt64]>([])
        store.observe {
            { _, event in if case .put(let version) = event { versions.withLock { $0.append(version) } } }
        }
        _ = store.put(utf8("a"), [1])
        let first = store.entry("a")?.version
        _ = store.batch([.put("a", "2"), .put("a", "3")])
        let last = store.entry("a")?.version
        #expect(versions.withLock { $0 } == [first, last.map { $0 - 1 }, last])
    }

    @Test func removingEverythingIsNotSeen() {
        _ = store.put(utf8("a"), [1])
        _ = seen.take()
        store.access.removeAll()
        #expect(seen.take() == [])
    }
}
