import Synchronization
import Testing

@testable import KeyValueStore

@Suite struct StoreThreadTests {
    @Test func keepsCorrectCountsWhileManyThreadsChangeIt() async {
        let changes = Mutex(StoreChange())
        let store = SharedStore(maximumBytes: 200_000) { change in
            changes.withLock {
                $0.keys += change.keys
                $0.bytes += change.bytes
            }
        }
        await withTaskGroup(of: Void.self) { group in
            for thread in 0..<4 {
                group.addTask {
                    for step in 0..<2_000 {
                        let key = littleEndian(UInt16(step % 97 * (thread + 1)))
                        let value = [UInt8](repeating: UInt8(thread), count: step % 50)
                        _ = store.put(key, value)
                        if step % 3 == 0 { _ = store.delete(key) }
                        #expect(Set(store.get(key) ?? []).count <= 1)
                    }
                }
            }
        }
        #expect(store.size == changes.withLock { $0 })
    }
}
