import Synchronization

/// The faults of one instance, on all its loops and workers. May be used from any thread; only faults take the lock.
package final class FaultMonitor: Sendable {
    /// Faults that are not in the log yet.
    package struct Report: Sendable {
        package let fault: Fault
        package let callback: CallbackKind
        package var count: Int
    }

    private struct State {
        var windowEnd: UInt64 = 0
        /// Connections and requests at the start of the window.
        var base: UInt64 = 0
        var counted = 0
        var peers: [AddressKey: Int] = [:]
        var reports: [Report] = []
        var hasBegunToRefuse = false
    }

    /// The most peers that are counted apart in one window. The limit per peer does not apply to further ones.
    private static let peerLimit = 4_096

    package let policy: FaultPolicy
    private let traffic: @Sendable () -> UInt64
    private let observer: Observer?
    private let onRefusal: @Sendable (_ until: UInt64) -> Void
    private let refusesUntil = Atomic<UInt64>(0)
    private let state = Mutex(State())

    /// Learns of each fault at once, on the thread that caused it, with the connection that it belongs to, if any.
    package typealias Observer = @Sendable (Fault, CallbackKind, ConnectionPointer?) -> Void

    /// - Parameters:
    ///   - observer: of a simulation.
    ///   - onRefusal: learns until when the instance refuses connections.
    ///   - traffic: connections and requests of the instance so far.
    package init(
        _ policy: FaultPolicy, observer: Observer? = nil, onRefusal: @escaping @Sendable (UInt64) -> Void = { _ in },
        traffic: @escaping @Sendable () -> UInt64
    ) {
        self.onRefusal = onRefusal
        self.policy = policy
        self.observer = observer
        self.traffic = traffic
    }

    /// - Parameter now: CLOCK_MONOTONIC, nanoseconds.
    @inline(__always)
    package func isRefusing(at now: UInt64) -> Bool { refusesUntil.load(ordering: .relaxed) > now }

    /// - Parameters:
    ///   - peer: nil: it has no address, or the fault belongs to no connection, so the limit per peer does not apply.
    ///   - now: CLOCK_MONOTONIC, nanoseconds.
    package func record(
        _ fault: Fault, in callback: CallbackKind, of peer: AddressKey? = nil, connection: ConnectionPointer? = nil,
        at now: UInt64
    ) {
        observer?(fault, callback, connection)
        state.withLock { state in
            report(fault, callback, &state)
            guard policy.limit > 0, refusesUntil.load(ordering: .relaxed) <= now else { return }
            if now >= state.windowEnd {
                state.windowEnd = now + policy.window
                // The connection or request that caused this fault is part of the window.
                state.base = traffic() &- 1
                state.counted = 0
                state.peers = [:]
            }
            guard count(peer, &state) else { return }
            let events = max(traffic() &- state.base, 1)
            guard state.counted >= policy.limit, Double(state.counted) >= policy.share * Double(events) else { return }
            refusesUntil.store(now + policy.window, ordering: .relaxed)
            onRefusal(now + policy.window)
            state.windowEnd = 0
            state.hasBegunToRefuse = true
        }
    }

    /// False: this peer has already reached its limit.
    private func count(_ peer: AddressKey?, _ state: inout State) -> Bool {
        if let peer, state.peers[peer] != nil || state.peers.count < Self.peerLimit {
            guard state.peers[peer, default: 0] < policy.limitPerPeer else { return false }
            state.peers[peer, default: 0] += 1
        }
        state.counted += 1
        return true
    }

    private func report(_ fault: Fault, _ callback: CallbackKind, _ state: inout State) {
        let known = state.reports.firstIndex { $0.fault.isSameRule(as: fault) && $0.callback == callback }
        if let known {
            state.reports[known].count += 1
        } else {
            state.reports.append(Report(fault: fault, callback: callback, count: 1))
        }
    }

    /// The reports since the last call, and whether the instance has begun to refuse connections since then.
    package func takeNews() -> (reports: [Report], hasBegunToRefuse: Bool) {
        state.withLock { state in
            defer { (state.reports, state.hasBegunToRefuse) = ([], false) }
            return (state.reports, state.hasBegunToRefuse)
        }
    }
}
