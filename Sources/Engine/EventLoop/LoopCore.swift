import CLinux
import Glibc
import Telemetry

/// The state of one event loop. Its thread alone touches it, except for counters.
///
/// Always used through a pointer, field by field: a plugin's callback calls back into the host, so no function may hold
/// exclusive access to the whole while a callback runs.
package struct LoopCore: ~Copyable {
    /// Bytes that one read may bring, and so the most that one connection gets per turn.
    static let scratchSize = 64 << 10
    /// A read that fills its room is made smaller while handling it takes longer than this, down to `leastRead`, and larger while
    /// it takes less than a quarter: so one peer never holds the loop for long, whatever a byte costs its plugin.
    static let readNanoseconds: UInt64 = 100_000
    static let leastRead = 1 << 10
    /// When so much is missing of what a plugin wants, the kernel collects it (SO_RCVLOWAT, socket(7)), up to a part of what it
    /// lets a socket hold anyway (tcp_rmem, tcp(7)).
    static let leastLowWaterMark = 8 << 10
    static let mostLowWaterMark = 1 << 20
    /// What one listener gets in a turn before the others have had theirs, where there are several: events, and then so much
    /// time for all that was put off.
    static let fairEvents: UInt32 = 16
    static let putOffNanoseconds: UInt64 = 100_000
    /// The most that is sent to one connection per turn.
    static let flushLimit = 256 << 10
    /// How long the peer may take to close after we did (RFC 9112, 9.6).
    static let lingerMilliseconds: UInt64 = 2_000
    /// How long a connection past its lifetime may take to finish.
    static let lifetimeGraceMilliseconds: UInt64 = 5_000
    /// When the workers' queue is full, how long until it is tried again.
    static let jobRetryMilliseconds: UInt64 = 5
    static let acceptBatch = 16
    /// The most that a session may save for its move to another generation.
    static let savedStateLimit = 1 << 20
    /// Peers taken from a socket that is about to close: more than any accept queue holds (net.core.somaxconn).
    static let lastAcceptLimit = 65_536
    static let timerBatch = 1_024
    /// Messages of other threads that are handled in one turn.
    static let messageBatch = 256
    /// How long until a delivery is tried again whose session could not come for it just then.
    static let deliveryRetryMilliseconds: UInt64 = 5
    static let acceptRetryMilliseconds: UInt64 = 100

    /// What its callbacks work with.
    let context: CallbackContextPointer
    let epoll: Int32
    let mailbox: Mailbox
    let page: LoopPage
    let workers: WorkerPool
    let alarm: WatcherAlarm
    let processQuota: ConnectionQuota
    let scratch: UnsafeMutableRawPointer

    /// Accepting stops when the next descriptor would be this one: the rest is for those who operate the server.
    let descriptorCeiling: Int32
    /// An accepted socket had the ceiling's number: look before the next accept.
    var isNearCeiling = false

    /// When the callback that runs began, where callbacks are measured; else 0.
    var callbackBegan: UInt64 = 0

    package var connections = ConnectionPool()
    var wheel: TimerWheel

    /// The instances that are started on this loop.
    var bindings: ContiguousArray<BindingPointer> = []

    /// Messages that were taken from the mailbox and not handled yet, from `inboxHead` on.
    var inbox: ContiguousArray<LoopMessage> = []
    var inboxHead = 0
    /// Deliveries that wait until their session can come for them.
    var parkedDeliveries: ContiguousArray<Delivery> = []
    var deliveryRetryAt: UInt64 = 0

    /// A connection comes from another listener, and its plugin is told.
    var isEntering = false

    /// Connections with more to do than one turn allows.
    var ready: ContiguousArray<ConnectionPointer> = []
    /// What has happened to connections that workers have, by slot.
    var away: [UInt32: AwayRecord] = [:]
    /// Connections that found no place in the workers' queue, by the share of their listener, which may be used up while that of
    /// another is not.
    var waitingJobs: [ObjectIdentifier: WaitingJobs] = [:]
    /// Closed in this turn: their slots are free for others at its end, so that no event of this turn meets a stranger.
    var closedSlots: ContiguousArray<ConnectionPointer> = []

    /// Several listeners accept here: none is to hold up the others.
    var isShared = false
    /// Counts the turns, to tell those of a listener from each other.
    var turn: UInt32 = 0

    var sockets: ContiguousArray<ListeningSocketPointer> = []
    /// Stopped in this turn: an event of it may still point at them.
    var stoppedSockets: ContiguousArray<ListeningSocketPointer> = []
    var pausedSockets = 0
    var acceptRetryAt: UInt64 = 0
    var retiring: ContiguousArray<BindingPointer> = []
    var stopping = false

    init(
        index: UInt32, epoll: Int32, mailbox: Mailbox, page: LoopPage, processQuota: ConnectionQuota,
        memory: BufferMemory, workers: WorkerPool, alarm: WatcherAlarm, descriptorCeiling: Int32
    ) {
        context = .allocate(capacity: 1)
        context.initialize(
            to: CallbackContext(index: index, memory: memory, isWorker: false, running: page.running))
        self.page = page
        self.descriptorCeiling = descriptorCeiling
        self.epoll = epoll
        self.mailbox = mailbox
        self.workers = workers
        self.alarm = alarm
        self.processQuota = processQuota
        guard let scratch = malloc(Self.scratchSize) else { fatalError("no memory for an event loop") }
        self.scratch = scratch
        wheel = TimerWheel(now: context.pointee.milliseconds)
    }

    deinit {
        free(scratch)
        close(epoll)
        context.deinitialize(count: 1)
        context.deallocate()
    }
}

package typealias LoopPointer = UnsafeMutablePointer<LoopCore>

extension LoopPointer {
    @inline(__always)
    var context: CallbackContextPointer { pointee.context }

    /// What the loop publishes of itself.
    @inline(__always)
    var header: UnsafeMutablePointer<LoopHeader> { pointee.page.header }
}
