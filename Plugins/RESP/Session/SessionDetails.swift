import KeyValueStore
import MartletKit

/// What few sessions have. Allocated when it is first needed, so a session that only reads and writes keys has none.
final class SessionDetails {
    /// Where the watched keys are.
    private let store: SharedStore
    /// Who it is; nil: the listener has no users, or it is not known yet.
    var user: User?
    /// CLIENT SETNAME.
    var name: [UInt8] = []
    /// The commands between MULTI and EXEC, as they came.
    var queue: [UInt8] = []
    var queued = 0
    /// WATCH: the keys, with what the store returned.
    var watched: [WatchedKey] = []

    /// SUBSCRIBE and PSUBSCRIBE.
    var channels: Set<String> = []
    var patterns: Set<String> = []

    struct WatchedKey {
        let key: [UInt8]
        let version: UInt64
    }

    init(_ store: SharedStore) { self.store = store }

    var hasChangedKey: Bool {
        watched.contains { watched in
            watched.key.withUnsafeBytes { store.access.hasChanged($0, since: watched.version) }
        }
    }

    func clearQueue() {
        queue = []
        queued = 0
    }
}
