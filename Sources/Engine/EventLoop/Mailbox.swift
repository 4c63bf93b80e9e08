import CLinux
import Glibc
import Synchronization

/// What other threads hand to an event loop.
enum LoopMessage: Sendable {
    /// From the control side: installs, removals, questions.
    case run(@Sendable (LoopPointer) -> Void)
    /// From a plugin: `post`, and the completion of `submit`.
    case deliver(Delivery)
    /// From a worker: a connection comes back.
    case returned(ConnectionJob, result: Int64)
}

/// A plugin's function on its way to the loop of a connection.
package struct Delivery: @unchecked Sendable {
    let connection: ConnectionID
    let function: DeliveryFunction
    let context: UnsafeMutableRawPointer?
    let ledger: InstanceLedger

    /// The context is the plugin's: it hands it from thread to thread.
    package init(
        connection: ConnectionID, function: @escaping DeliveryFunction, context: UnsafeMutableRawPointer?,
        ledger: InstanceLedger
    ) {
        self.connection = connection
        self.function = function
        self.context = context
        self.ledger = ledger
    }
}

/// The messages for one event loop, and the eventfd(2) that wakes it.
final class Mailbox: Sendable {
    private let messages = Mutex<ContiguousArray<LoopMessage>>([])
    let descriptor: Int32

    init() throws(SystemError) {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0 else { throw SystemError("eventfd") }
    }

    /// From any thread.
    func send(_ message: LoopMessage) {
        let wasEmpty = messages.withLock { messages in
            messages.append(message)
            return messages.count == 1
        }
        if wasEmpty { eventfd_write(descriptor, 1) }
    }

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
