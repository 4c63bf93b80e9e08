import CLinux
import CMartlet
import Glibc
import Synchronization

/// What other threads hand to an event loop.
enum LoopMessage: Sendable {
    /// From the control side: installs, removals, questions.
    case run(@Sendable (LoopPointer) -> Void)
    /// From a plugin: `post`, and the completion of `submit`.
    case deliver(Delivery)
    /// From a worker: a connection comes back.
    case returned(ConnectionJob, SessionCallResult)
}

/// A plugin's function on its way to the loop of a connection. It has a place in the loop's mailbox until it has run.
package struct Delivery: @unchecked Sendable {
    let connection: ConnectionID
    let function: martlet_delivery
    let context: UnsafeMutableRawPointer?
    let ledger: InstanceLedger
    let mailbox: Mailbox

    /// After the function has run, or instead of it.
    func settle() {
        mailbox.givePlace()
        ledger.leave()
    }
}

/// The messages for one event loop, and the eventfd(2) that wakes it.
///
/// Deliveries have a bounded number of places, which a plugin takes before it is promised anything. The rest is bounded by
/// its senders: the control side waits for its orders with a deadline, and a connection comes back from a worker once.
package final class Mailbox: Sendable {
    private let messages = Mutex<ContiguousArray<LoopMessage>>([])
    private let places = Atomic<Int>(0)
    private let limit: Int
    let descriptor: Int32

    /// - Parameter limit: deliveries that may wait.
    init(limit: Int) throws(SystemError) {
        self.limit = limit
        descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0 else { throw SystemError("eventfd") }
    }

    /// Takes the place of a delivery that is to come. False: all are taken.
    func takePlace() -> Bool {
        if places.wrappingAdd(1, ordering: .relaxed).newValue <= limit { return true }
        givePlace()
        return false
    }

    func givePlace() { places.wrappingSubtract(1, ordering: .relaxed) }

    /// Deliveries that wait, or are promised.
    package var deliveries: Int { places.load(ordering: .relaxed) }

    /// From any thread.
    func send(_ message: LoopMessage) {
        let wasEmpty = messages.withLock { messages in
            messages.append(message)
            return messages.count == 1
        }
        if wasEmpty { eventfd_write(descriptor, 1) }
    }

    /// From any thread.
    var isEmpty: Bool { messages.withLock { $0.isEmpty } }

    /// All messages so far, oldest first. On the loop.
    func takeAll() -> ContiguousArray<LoopMessage> {
        var count: eventfd_t = 0
        eventfd_read(descriptor, &count)
        return messages.withLock { messages in
            let taken = messages
            messages = []
            return taken
        }
    }

    deinit { close(descriptor) }
}
