import CLinux
import Glibc
import Synchronization

/// A thread with an epoll. Owns every connection that is accepted on it.
package final class EventLoop: Sendable {
    package let index: Int
    private let mailbox: Mailbox
    /// Touched by the loop's thread; its counters by anyone. Lives as long as this object.
    nonisolated(unsafe) package let core: LoopPointer
    nonisolated(unsafe) private let running: UnsafeMutablePointer<RunningCallback>
    private let thread: NamedThread

    /// - Parameter processor: the one that the thread is pinned to; nil means any.
    init(index: Int, processQuota: ConnectionQuota, memory: BufferMemory, workers: WorkerPool, processor: Int?)
        throws(SystemError)
    {
        self.index = index
        mailbox = try Mailbox()
        let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw SystemError("epoll_create1") }
        core = LoopPointer.allocate(capacity: 1)
        core.initialize(
            to: LoopCore(
                index: UInt32(index), epoll: epoll, mailbox: mailbox, processQuota: processQuota, memory: memory,
                workers: workers))
        running = core.context.pointee.running
        var event = epoll_event(events: Epoll.input, data: epoll_data_t(u64: EventTag.mailbox))
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, mailbox.descriptor, &event) == 0 else { throw SystemError("epoll_ctl") }
        nonisolated(unsafe) let core = core
        thread = try NamedThread(name: "loop-\(index)") {
            if let processor { linux_pin_thread(Int32(processor)) }
            core.context.pointee.updateClock()
            core.run()
        }
    }

    /// Runs a function on the loop, between callbacks, without waiting for it.
    package func run(_ body: @escaping @Sendable (LoopPointer) -> Void) { mailbox.send(.run(body)) }

    /// Runs a function on the loop and waits for what it returns. Not from a loop.
    package func ask<Answer: Sendable>(_ body: @escaping @Sendable (LoopPointer) -> Answer) -> Answer {
        let reply = Reply<Answer>()
        run { reply.set(body($0)) }
        return reply.wait()
    }

    /// The callback that runs on the loop just now.
    package var runningCallback: RunningCallback.Observation? { running.pointee.observation }

    /// Hands a plugin's function to the loop of its connection.
    package func deliver(_ delivery: Delivery) { mailbox.send(.deliver(delivery)) }

    /// Stops the thread and waits for its end. Every connection must be gone.
    package func stop() {
        run { $0.stop() }
        thread.join()
    }

    deinit {
        core.deinitialize(count: 1)
        core.deallocate()
    }
}
