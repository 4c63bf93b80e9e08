/// Who wants to know of the changes in a shard: an observer of all, and those who watch single keys. Protected by the shard's lock.
struct ShardWatchers {
    /// Whether there is anybody.
    private(set) var isActive = false
    /// nil while no key is watched.
    private var keys: WatchedKeys?
    private var observer: StoreObserver?
    /// The changes by a batch that is not done yet; nil: there is none, or no observer.
    private var heldEvents: [HeldEvent]?

    private struct HeldEvent {
        let key: [UInt8]
        let event: StoreEvent
    }

    @inline(never)
    mutating func tell(_ key: UnsafeRawBufferPointer, _ event: StoreEvent) {
        keys?.changed(key)
        if heldEvents != nil {
            heldEvents?.append(HeldEvent(key: Array(key), event: event))
        } else {
            observer?(key, event)
        }
    }

    // MARK: The observer

    mutating func observe(_ observer: StoreObserver?) {
        self.observer = observer
        isActive = observer != nil || keys != nil
    }

    /// Keeps the events that follow, until `endBatch`.
    mutating func beginBatch() { if observer != nil { heldEvents = [] } }

    /// Tells the observer what has happened. If the batch was undone, only keys have expired.
    mutating func endBatch(isDone: Bool) {
        guard let held = heldEvents else { return }
        heldEvents = nil
        for held in held where isDone || held.event == .expired {
            held.key.withUnsafeBytes { observer?($0, held.event) }
        }
    }

    // MARK: Watched keys

    mutating func watch(_ key: UnsafeRawBufferPointer) -> UInt64 {
        if keys == nil { keys = WatchedKeys() }
        isActive = true
        return keys!.watch(key)
    }

    func hasChanged(_ key: UnsafeRawBufferPointer, since version: UInt64) -> Bool {
        keys?.hasChanged(key, since: version) ?? false
    }

    /// Returns whether the key has changed since `watch` returned this version.
    mutating func unwatch(_ key: UnsafeRawBufferPointer, since version: UInt64) -> Bool {
        guard let changed = keys?.unwatch(key, since: version) else { return false }
        if keys?.isEmpty ?? true { keys = nil }
        isActive = observer != nil || keys != nil
        return changed
    }

    mutating func allChanged() { keys?.allChanged() }
}
