import KeyValueStore
import Synchronization

/// What all connections of an instance share.
final class Database: Sendable {
    let store: SharedStore
    let commands = CommandTable()
    let subscriptions = Subscriptions()
    /// Open connections.
    let clients = Atomic(0)

    /// - Parameter onChange: called for each change of the store.
    init(maximumBytes: Int, onChange: @escaping @Sendable (StoreChange) -> Void) {
        store = SharedStore(order: .hash, maximumBytes: maximumBytes, onChange: onChange)
    }
}
