import Synchronization

/// The listeners that accept connections, by name, for `hand_over`.
package final class ListenerDirectory: Sendable {
    private let listeners = Mutex<[String: Admission]>([:])

    /// Called after a reload.
    package func set(_ listeners: [String: Admission]) { self.listeners.withLock { $0 = listeners } }

    func find(_ name: String) -> Admission? { listeners.withLock { $0[name] } }
}
