/// What few sessions have. Allocated when it is first needed, so a session that only reads and writes keys has none.
final class SessionDetails {
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

    func clearQueue() {
        queue = []
        queued = 0
    }
}
