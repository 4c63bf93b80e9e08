import CMartlet
import Synchronization

/// The functions of a plugin that the host calls, and their names in logs.
package enum CallbackKind: UInt8, Sendable {
    case opened = 1
    case received, writable, timer, peerClosed, draining, closed, delivery, save, restore, moved, loopStart, loopStop,
        work, operation, release, create, destroy

    /// As in martlet.h.
    package var name: String {
        switch self {
        case .opened: "opened"
        case .received: "received"
        case .writable: "writable"
        case .timer: "timer"
        case .peerClosed: "peer_closed"
        case .draining: "draining"
        case .closed: "closed"
        case .delivery: "delivery"
        case .save: "save"
        case .restore: "restore"
        case .moved: "moved"
        case .loopStart: "loop_start"
        case .loopStop: "loop_stop"
        case .work: "work"
        case .operation: "operation"
        case .release: "release"
        case .create: "create"
        case .destroy: "destroy"
        }
    }
}

/// One call of a session, and what follows it.
enum SessionCall {
    enum AfterClosed {
        case release(reset: Bool)
        case linger
        /// The connection continues at another listener.
        case enter(Admission)
    }

    case opened, received, writable, timer, peerClosed, draining
    case delivery(Delivery)
    case closed(CloseReason, then: AfterClosed)

    var kind: CallbackKind {
        switch self {
        case .opened: .opened
        case .received: .received
        case .writable: .writable
        case .timer: .timer
        case .peerClosed: .peerClosed
        case .draining: .draining
        case .delivery: .delivery
        case .closed: .closed
        }
    }
}

/// The result of a call of a session.
struct SessionCallResult: Sendable {
    /// Of `opened` and `received`.
    var status: martlet_result = MARTLET_OK
    /// Of `received`: bytes consumed.
    var consumed = 0
}

/// Which callback a thread is in, for the watchdog: one word that the thread writes and others read. The upper half counts
/// callbacks, and keeps its value between them.
package struct RunningCallback: ~Copyable {
    private let word = Atomic<UInt64>(0)

    package struct Observation: Sendable, Equatable {
        /// Different for each callback.
        package let sequence: UInt32
        /// Names the instance, as in its binding.
        package let label: UInt32
        package let kind: CallbackKind
    }

    @inline(__always)
    func begin(_ kind: CallbackKind, _ label: UInt32) {
        let sequence = (word.load(ordering: .relaxed) >> 32) &+ 1
        word.store(sequence << 32 | UInt64(label & 0xFF_FFFF) << 8 | UInt64(kind.rawValue), ordering: .relaxed)
    }

    @inline(__always)
    func end() { word.store(word.load(ordering: .relaxed) & ~0xFFFF_FFFF, ordering: .relaxed) }

    /// From any thread; nil between callbacks.
    package var observation: Observation? {
        let seen = word.load(ordering: .relaxed)
        guard let kind = CallbackKind(rawValue: UInt8(truncatingIfNeeded: seen)) else { return nil }
        return Observation(
            sequence: UInt32(truncatingIfNeeded: seen >> 32), label: UInt32(truncatingIfNeeded: seen >> 8) & 0xFF_FFFF,
            kind: kind)
    }
}
