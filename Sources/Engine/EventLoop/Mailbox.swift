import CLinux
import CMartlet
import Glibc
import Synchronization
import Threads

/// The messages for one event loop, and the eventfd(2) that wakes it.
///
/// Only a loop that waits for events is woken, and only by the first message: a loop that is awake looks for mail once in each turn.
///
/// Deliveries have a bounded number of places: `post` and `submit` succeed only if they get one. Other messages are bounded by
/// their senders: control threads wait for each of theirs with a deadline, and a connection is with at most one worker.
package final class Mailbox: @unchecked Sendable {
    // Not a Mutex: that is a lock with priority inheritance, whose waiters spin and then queue up in the kernel, one hand-over each.
    private let lock = Monitor()
    /// Guarded by the lock.
    private var messages: ContiguousArray<LoopMessage> = []
    /// Lives as long as this object.
    nonisolated(unsafe) let notice: UnsafeMutablePointer<MailNotice>
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
        notice = .allocate(capacity: 1)
        notice.initialize(to: MailNotice())
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
        put(message)
        wakeLoop()
    }

    /// Leaves a message for the loop, which may sleep on. From any thread.
    func put(_ message: LoopMessage) {
        if let agenda, case .deliver = message { return agenda.add(.delivery { self.append(message) }) }
        append(message)
    }

    /// From any thread.
    func wakeLoop() { if notice.pointee.mustWakeLoop() { eventfd_write(descriptor, 1) } }

    private func append(_ message: LoopMessage) {
        lock.locked {
            messages.append(message)
            page.header.pointee.mail.set(UInt64(messages.count))
            notice.pointee.setCount(messages.count)
        }
    }

    /// From any thread.
    var isEmpty: Bool { notice.pointee.isEmpty }

    /// Takes all messages so far, oldest first, and leaves an empty array with the memory for the next ones. Called on the loop.
    ///
    /// The eventfd is not read: the loop watches it edge-triggered, and hears of each write.
    func takeAll(leaving empty: inout ContiguousArray<LoopMessage>) {
        lock.locked {
            swap(&messages, &empty)
            page.header.pointee.mail.set(0)
            notice.pointee.setCount(0)
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        notice.deinitialize(count: 1)
        notice.deallocate()
    }
}

/// Whether there is mail, and whether the loop must be woken for it. The loop has a pointer to it, so that a turn counts no references.
///
/// No message is overlooked: the loop says that it sleeps and then looks for mail; a sender leaves its mail and then looks whether the loop
/// sleeps. These four steps are in one total order, so at least one of the two sees the other.
struct MailNotice: ~Copyable {
    private let count = Atomic<Int>(0)
    /// The loop waits for events, and nobody has woken it yet.
    private let isLoopAsleep = Atomic<Bool>(false)

    /// From any thread.
    var isEmpty: Bool { count.load(ordering: .sequentiallyConsistent) == 0 }

    /// With the lock of the messages held.
    fileprivate func setCount(_ new: Int) { count.store(new, ordering: .sequentiallyConsistent) }

    /// Of several senders, one wakes it.
    fileprivate func mustWakeLoop() -> Bool {
        isLoopAsleep.load(ordering: .sequentiallyConsistent)
            && isLoopAsleep.exchange(false, ordering: .sequentiallyConsistent)
    }

    /// The loop is about to wait for events. Called on the loop.
    ///
    /// - Returns: false: there is mail, so it must not wait.
    @inline(__always)
    func fallAsleep() -> Bool {
        isLoopAsleep.store(true, ordering: .sequentiallyConsistent)
        guard _slowPath(!isEmpty) else { return true }
        wakeUp()
        return false
    }

    /// The loop has stopped waiting. Called on the loop.
    @inline(__always)
    func wakeUp() { isLoopAsleep.store(false, ordering: .relaxed) }
}
