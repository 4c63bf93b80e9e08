/// What has happened to a key.
package enum StoreEvent: Equatable, Sendable {
    /// It has another value, or another deadline.
    case put(version: UInt64)
    case deleted
    /// It was found to have expired, and has been removed.
    case expired
}

/// Called for each change of a key while its shard is locked, so that the changes of a key come in their order. Must not use the store.
package typealias StoreObserver = @Sendable (UnsafeRawBufferPointer, StoreEvent) -> Void

extension SharedStore {
    /// Changes the observer; nil: a change costs nothing more. `removeAll` and what is restored are not observed.
    ///
    /// - Parameter choose: called while the whole store is locked, so that two callers do not undo each other's choice.
    package func observe(_ choose: () -> StoreObserver?) {
        exclusively { access in
            let observer = choose()
            for index in 0..<shardCount { access.withContents(of: index) { $0.watchers.observe(observer) } }
        }
    }
}
