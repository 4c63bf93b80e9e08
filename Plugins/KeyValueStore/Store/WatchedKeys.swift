/// The keys that somebody watches, and how often each has changed since. A key need not exist to be watched.
struct WatchedKeys {
    private struct Watch {
        var watchers = 0
        var changes: UInt64 = 0
    }

    private var keys: [[UInt8]: Watch] = [:]

    var isEmpty: Bool { keys.isEmpty }

    mutating func watch(_ key: UnsafeRawBufferPointer) -> UInt64 {
        keys[Array(key), default: Watch()].watchers += 1
        return keys[Array(key)]?.changes ?? 0
    }

    mutating func changed(_ key: UnsafeRawBufferPointer) { keys[Array(key)]?.changes += 1 }

    mutating func allChanged() { for key in keys.keys { keys[key]?.changes += 1 } }

    func hasChanged(_ key: UnsafeRawBufferPointer, since changes: UInt64) -> Bool {
        keys[Array(key)].map { $0.changes != changes } ?? false
    }

    mutating func unwatch(_ key: UnsafeRawBufferPointer, since changes: UInt64) -> Bool {
        let key = Array(key)
        guard var watch = keys[key] else { return false }
        watch.watchers -= 1
        keys[key] = watch.watchers == 0 ? nil : watch
        return watch.changes != changes
    }
}
