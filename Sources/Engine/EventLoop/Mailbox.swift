import CLinux
import CMartlet
import Glibc
import Synchronization
import Threads

/// The messages for one event loop, and the eventfd(2) that wakes it.
///
/// Deliveries have a bounded number of places: `post` and `submit` succeed only if they get one. Other messages are bounded by
/// their senders: control threads wait for each of theirs with a deadline, and a connection is with at most one worker.
package final class Mailbox: Sendable {
    private let messages = Mutex<ContiguousArray<LoopMessage>>([])
    /// Deliveries and messages to groups that wait, or that have a reserved place.
    package let places: Quota
    /// -1: the loop has no thread to wake.
    let descriptor: Int32
    private let agenda: DrivenAgenda?
    private let page: LoopPage
    /// Keeps the memory of `page`.
    private let published: PublishedPages

    /// - Parameters:
    ///   - limit: deliveries that may wait.
    ///   - page: of the loop; says how much waits.
    ///   - agenda: where deliveries wait, if the loop has no thread.
    init(limit: Int, _ page: LoopPage, of published: PublishedPages, agenda: DrivenAgenda? = nil) throws(SystemError) {
        (self.page, self.published) = (page, published)
        places = Quota(limit: limit, counter: page.deliveries, in: published)
        self.agenda = agenda
        guard agenda == nil else {
            descriptor = -1
            return
        }
        descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0 else { throw SystemError("eventfd") }
    }

    /// May be called from any thread.
    func send(_ message: LoopMessage) {
        if let agenda, case .deliver = message { return agenda.add(.delivery { self.put(message) }) }
        put(message)
    }

    private func put(_ message: LoopMessage) {
        let wasEmpty = messages.withLock { messages in
            messages.append(message)
            page.header.pointee.mail.set(UInt64(messages.count))
            return messages.count == 1
        }
        if wasEmpty, descriptor >= 0 { eventfd_write(descriptor, 1) }
    }

    /// From any thread.
    var isEmpty: Bool { messages.withLock { $0.isEmpty } }

    /// Takes all messages so far, oldest first. Called on the loop.
    func takeAll() -> ContiguousArray<LoopMessage> {
        var count: eventfd_t = 0
        if descriptor >= 0 { eventfd_read(descriptor, &count) }
        return messages.withLock { messages in
            let taken = messages
            messages = []
            page.header.pointee.mail.set(0)
            return taken
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}
