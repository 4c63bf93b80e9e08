import Synchronization

/// The listeners that take connections, by name: where `hand_over` looks.
package final class ListenerDirectory: Sendable {
    private let listeners = Mutex<[String: Admission]>([:])

    /// After a reload.
    package func set(_ listeners: [String: Admission]) { self.listeners.withLock { $0 = listeners } }

    func find(_ name: String) -> Admission? { listeners.withLock { $0[name] } }
}
