import Synchronization

/// The listeners that accept connections, by name, for `hand_over`.
package final class ListenerDirectory: Sendable {
    private struct State {
        var listeners: [String: Admission] = [:]
        /// Listeners to which connections are on their way, by ticket.
        var tickets: [UInt32: Admission] = [:]
        var last: UInt32 = 0
    }

    private let state = Mutex(State())

    /// Called after a reload.
    package func set(_ listeners: [String: Admission]) { state.withLock { $0.listeners = listeners } }

    func find(_ name: String) -> Admission? { state.withLock { $0.listeners[name] } }

    /// A number other than 0 for one connection on its way to a listener.
    func makeTicket(to listener: Admission) -> UInt32 {
        state.withLock { state in
            repeat { state.last = state.last == .max ? 1 : state.last + 1 } while state.tickets[state.last] != nil
            state.tickets[state.last] = listener
            return state.last
        }
    }

    /// The listener of a ticket, which is used up. nil: there is none for 0.
    func redeem(_ ticket: UInt32) -> Admission? {
        ticket == 0 ? nil : state.withLock { $0.tickets.removeValue(forKey: ticket) }
    }
}
