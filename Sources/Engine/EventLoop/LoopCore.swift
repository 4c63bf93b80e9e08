import CLinux
import Glibc
import Telemetry

/// The state of one event loop. Only its thread touches it, except for counters.
///
/// Always used through a pointer, field by field: a plugin's callback calls back into the host, so no function may hold
/// exclusive access to the whole while a callback runs.
package struct LoopCore: ~Copyable {
    /// The most bytes of one read, and so the most input that one connection gets per turn.
    static let scratchSize = 64 << 10
    /// When a read fills its room and takes longer than this to handle, the next one is halved, down to `leastRead`; when it takes
    /// less than a quarter of this, the next one is doubled. So one peer never occupies the loop for long, whatever a byte costs
    /// its plugin.
    static let readNanoseconds: UInt64 = 100_000
    static let leastRead = 1 << 10
    /// When at least this much of the input that a plugin wants is missing, the kernel collects it first (SO_RCVLOWAT, socket(7)),
    /// up to `mostLowWaterMark`, a part of what a socket may hold anyway (tcp_rmem, tcp(7)).
    static let leastLowWaterMark = 8 << 10
    static let mostLowWaterMark = 1 << 20
    /// The share of one of several listeners in a turn, before the others have had theirs: this many events, and then this much
    /// time for everything that was put off.
    static let fairEvents: UInt32 = 16
    static let putOffNanoseconds: UInt64 = 100_000
    /// The most bytes that are sent to one connection per turn.
    static let flushLimit = 256 << 10
    /// How long the peer may take to close after we did (RFC 9112, 9.6).
    static let lingerMilliseconds: UInt64 = 2_000
    /// How long a connection past its lifetime may take to finish.
    static let lifetimeGraceMilliseconds: UInt64 = 5_000
    /// How long until a full workers' queue is tried again.
    static let jobRetryMilliseconds: UInt64 = 5
    static let acceptBatch = 16
    /// The most bytes that a session may save for its move to another generation.
    static let savedStateLimit = 1 << 20
    /// The most peers taken from a socket that is about to close: more than any accept queue has (net.core.somaxconn).
    static let lastAcceptLimit = 65_536
    static let timerBatch = 1_024
    /// The most ticks of instances' timers in one turn.
    static let tickBatch = 64
    /// Milliseconds: more than 34 years.
    static let longestTimer: UInt64 = 1 << 40
    /// The most messages of other threads that are handled in one turn.
    static let messageBatch = 256
    /// How long until a delivery is tried again if its session could not come for it.
    static let deliveryRetryMilliseconds: UInt64 = 5
    static let acceptRetryMilliseconds: UInt64 = 100

    /// The context of its callbacks.
    let context: CallbackContextPointer
    let epoll: Int32
    let mailbox: Mailbox
    /// The mailbox's.
    let notice: UnsafeMutablePointer<MailNotice>
    let page: LoopPage
    let workers: WorkerPool
    let alarm: WatcherAlarm
    let processQuota: Quota
    let scratch: UnsafeMutableRawPointer

    /// Accepting stops when the next descriptor would have this number: the rest is for operators of the server.
    let descriptorCeiling: Int32
    /// An accepted socket's number was next to the ceiling: the next accept must check first.
    var isNearCeiling = false

    /// When the running callback began, if callbacks are measured; else 0.
    var callbackBegan: UInt64 = 0

    let slots: SlotDirectory
    let arena: Arena
    package var connections: ConnectionPool
    var wheel: TimerWheel
    var timers: LoopTimers
    var groups = LoopGroups()

    /// The instances that are started on this loop.
    var bindings: ContiguousArray<BindingPointer> = []

    /// Messages that were taken from the mailbox and are not handled yet.
    var inbox = Queue<LoopMessage>()
    /// For `takeMail`: empty between two calls.
    var taken: ContiguousArray<LoopMessage> = []
    /// Deliveries that wait until their session can come for them.
    var parkedDeliveries: ContiguousArray<Delivery> = []
    var deliveryRetryAt: UInt64 = 0

    /// What happens once bindings no longer stand still, in this order.
    var postponed: ContiguousArray<Postponed> = []
    /// Bindings of this loop that stand still.
    var stillCount = 0

    /// True while `opened` is called for a connection that another listener has handed over.
    var isEntering = false

    /// Connections with more to do than one turn allows.
    var ready: ContiguousArray<ConnectionPointer> = []
    /// The events of connections that workers have, by slot.
    var away: [UInt32: AwayRecord] = [:]
    /// Connections that found no place in the workers' queue, by the share of their listener: one listener's share may be used up
    /// while another's is not.
    var waitingJobs: [ObjectIdentifier: Queue<ConnectionJob>] = [:]
    /// Connections that were closed in this turn. Their slots are freed at its end, so that no event of this turn reaches a new connection.
    var closedSlots: ContiguousArray<ConnectionPointer> = []

    /// Several listeners accept here, so none may hold up the others.
    var isShared = false
    /// Counts the turns, so that the events of a listener can be counted per turn.
    var turn: UInt32 = 0

    var sockets: ContiguousArray<ListeningSocketPointer> = []
    /// Sockets that were stopped in this turn: an event of it may still point to them.
    var stoppedSockets: ContiguousArray<ListeningSocketPointer> = []
    var pausedSockets = 0
    var acceptRetryAt: UInt64 = 0
    var retiring: ContiguousArray<BindingPointer> = []
    var stopping = false

    init(
        index: UInt32, epoll: Int32, mailbox: Mailbox, page: LoopPage, processQuota: Quota,
        slots: SlotDirectory,
        memory: Quota, arena: Arena, workers: WorkerPool, alarm: WatcherAlarm, descriptorCeiling: Int32
    ) {
        context = .allocate(capacity: 1)
        context.initialize(
            to: CallbackContext(index: index, memory: memory, arena: arena, isWorker: false, record: page.thread))
        self.page = page
        self.descriptorCeiling = descriptorCeiling
        self.epoll = epoll
        self.mailbox = mailbox
        notice = mailbox.notice
        self.workers = workers
        self.alarm = alarm
        self.processQuota = processQuota
        self.slots = slots
        self.arena = arena
        connections = ConnectionPool(loop: index, directory: slots)
        guard let scratch = malloc(Self.scratchSize) else { fatalError("no memory for an event loop") }
        self.scratch = scratch
        wheel = TimerWheel(now: context.pointee.milliseconds)
        timers = LoopTimers(now: context.pointee.milliseconds)
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

    /// The counters that the loop publishes about itself.
    @inline(__always)
    var header: UnsafeMutablePointer<LoopHeader> { pointee.page.header }
}
