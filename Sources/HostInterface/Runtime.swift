import Databases
import Engine
import Instances
import PluginHost
import TLS
import Telemetry
import Users

/// What runs plugins: event loops, workers, instances and sessions, as the control side of a listener sees them.
///
/// Only plain values, descriptors and handles pass through here, so a runtime may live in another process. A handle (an image, a
/// listener, an instance, an address) belongs to the runtime that made it. What it stands for lives at least as long as somebody
/// holds it.
///
/// Called on the control thread unless a function says otherwise. Nothing here waits without a deadline for a loop, a worker or a
/// plugin, and nothing waits a second time for a loop that is stuck.
package protocol Runtime: AnyObject, Sendable {
    /// An address needs one listening socket for each event loop.
    var loopCount: Int { get }

    /// The process in which it runs; nil: this one.
    var processID: Int32? { get }

    /// The processes that keep its connections if it dies. On any thread.
    var keepers: [Int32] { get }

    /// The file of the pages that it publishes: see `PublishedPages`.
    var publishedFile: Int32 { get }

    /// The file of what its connections need to go on when it dies: see `Arena`.
    var arenaFile: Int32 { get }

    /// What another runtime can take over while this one stands still. nil: nothing.
    var estate: (any RuntimeEstate)? { get }

    /// Lets everything stand still between two callbacks, so that another runtime can take over connections, until `goOn`, but for at most
    /// two seconds. nil: a loop does not stand still, and everything goes on.
    ///
    /// - Parameter portion: so that no peer waits for all, only some connections are taken over at a time, and all those of listeners that
    ///   have groups. Counts from 0. nil: all.
    func standStill(portion: Int?) -> EngineStandstill.Standing?

    /// Lets go of the connections that another runtime has taken over, and goes on with the others, but accepts no more. nil: goes on as it
    /// was. False: it has not waited that long, and goes on as it was.
    func goOn(without taken: SlotSet?) -> Bool

    /// Takes over the connections of a runtime that has died. They wait for instances: see `RuntimeInstance.adopt`. Called before there is a
    /// listener. Takes `arena` and `published`, also when it fails; the other runtime loses nothing then.
    ///
    /// - Parameters:
    ///   - isAlive: that runtime stands still. Only what instances of this one understand is taken over, so they must be there. May be
    ///     called again for the same runtime.
    ///   - hasOffered: what that runtime has taken over itself from one that stood still is its own.
    func inherit(
        arena: Int32, published: Int32, keepers: Int32, isAlive: Bool, hasOffered: Bool
    ) throws(InheritanceProblem) -> Inheritance

    /// Looks after the processes that keep its connections when it dies. False: there is none, so they would end. Called every few seconds.
    func lookAtKeepers() -> Bool

    /// Ends the connections that no instance has adopted.
    ///
    /// - Parameter stays: the other runtime goes on with them.
    func endSuccession(stays: Bool) -> Succession

    /// The event loops that do not turn, by index, and what holds each of them up. On any thread.
    var stuckLoops: [Int: String] { get }

    /// Loads an image that has been probed.
    ///
    /// - Parameter file: the plugin in the folder, for messages.
    func load(
        _ image: StagedImage, _ plugin: PluginDescription, file: String
    ) throws(ImageRefusal) -> any RuntimeImage

    /// - Parameters:
    ///   - connections: of all generations together; 0 is no limit.
    ///   - metrics: where its plugins count; what a runtime that has ended counted there goes on. nil: nobody can read what they count.
    func makeListener(connections: Int, metrics: MetricFile?) -> any RuntimeListener

    /// Publishes the listeners to which plugins can hand connections over, by name. No other gets any.
    func publish(_ listeners: [String: any RuntimeListener])

    /// Lets an instance have the next connections of the listening sockets of an address, one for each loop. The runtime takes
    /// duplicates: the sockets stay open on the control side, also when the runtime ends. No loop accepts before `beginAccepting`.
    ///
    /// - Parameter shared: all descriptors are of one socket.
    func open(
        _ descriptors: [Int32], shared: Bool, _ address: AddressDescription, name: String,
        for instance: any RuntimeInstance
    ) throws(ListenFailure) -> any RuntimeAddress

    /// Directs the sockets of addresses, whose endpoints now have these names. Each loop makes the change between two callbacks, for
    /// all these addresses together.
    ///
    /// - Returns: with `canFail`, why a loop has not made the change. The loops before it have made it.
    func point(
        _ addresses: [(address: any RuntimeAddress, name: String)], at target: SocketTarget, _ insistence: Insistence
    ) -> String?

    /// Calls an operation on the threads that it declares, and waits. Must not be called on the control thread.
    func call(
        _ operation: String, _ arguments: [String], of instance: any RuntimeInstance
    ) throws(OperationFailure) -> OperationReport

    /// Applies the settings that can change live.
    func apply(_ settings: RuntimeSettings, resizingWorkers: Bool)

    /// Asks all sessions to finish what they have begun and close, without waiting for the loops. On any thread.
    func beginDraining()

    /// Pauses, resumes or resizes the workers. On any thread.
    func change(_ workers: WorkersChange)

    /// What it does now, as it publishes it. On any thread.
    var report: RuntimeReport { get }

    /// How often its loops have paused accepting, as they publish it. On any thread.
    var pauses: AcceptPauses { get }

    /// What is left to do before it can stop, as it publishes it. On any thread.
    var activity: RuntimeActivity { get }

    /// The databases that its plugins have opened.
    ///
    /// - Parameter change: what to do to one of them first.
    func databases(_ change: (name: String, change: DatabaseChange)?) -> [DatabaseReport]

    /// Begins a backup or a check of a database, or asks about one. nil: its plugins have opened none of this name. On any thread.
    func askDatabase(
        _ name: String, _ question: DatabaseTaskQuestion
    ) throws(DatabaseTaskProblem) -> DatabaseTaskReport?

    /// Asks about the users in a database, or changes them. nil: none of its listeners has users there. On any thread; waits for the database.
    func users(_ question: UserQuestion, in database: String) throws(UserProblem) -> [UserRecord]?

    /// The databases that its plugins have opened, for status and metrics: none if it does not answer at once. On any thread.
    var databases: [DatabaseReport] { get }

    /// Asks the event loops, for a moment, and describes everything that holds the runtime up. On any thread.
    func findStalls() -> [String]

    /// From now on calls a function, on a thread of its own, when the set of stuck loops has changed, and every second while there is one.
    func watch(onStuck: @escaping @Sendable () -> Void)

    /// It has ended: nothing can be asked of it any more. On any thread.
    var isOver: Bool { get }

    /// Calls a function once when the runtime has ended without being asked to: on any thread, at once if it is already over.
    func onEnd(_ body: @escaping @Sendable (RuntimeEnd) -> Void)

    /// Logs to the file of this log from now on, which has been opened anew.
    func reopenLog(_ log: ProcessLog)

    /// Ends its threads. Every connection must be gone, and nothing may be stuck. Not on the control thread.
    func stop()

    /// Ends it at once, whatever hangs. On any thread.
    func abandon()
}

/// How a runtime has ended that nobody has asked to.
package struct RuntimeEnd: Sendable {
    /// Such as "SIGSEGV" and "exit status 0".
    package var cause: String
    /// The callbacks that may have caused it: that of the thread that crashed, or those of all threads when nothing was recorded.
    package var callbacks: [RunningCallback.Observation]
    /// nil: nothing was recorded, as for SIGKILL and exit(3).
    package var crash: CrashRecord?
    /// What the process had mapped.
    package var objects: [MappedObject]
    /// What another runtime can take over; nil: nothing.
    package var estate: (any RuntimeEstate)?

    package init(
        cause: String, callbacks: [RunningCallback.Observation], crash: CrashRecord? = nil, objects: [MappedObject] = []
    ) {
        self.cause = cause
        self.callbacks = callbacks
        self.crash = crash
        self.objects = objects
    }
}

/// An image that has been loaded.
package protocol RuntimeImage: AnyObject, Sendable {}

/// What the generations of a listener share: its limits on all loops, and the metrics of its plugin.
package protocol RuntimeListener: AnyObject, Sendable {
    /// Makes an instance, which does not run before its `start`.
    ///
    /// - Parameter listener: its name.
    func makeInstance(
        of image: any RuntimeImage, for listener: String, generation: Int, _ settings: InstanceSettings
    ) throws(InstanceRefusal) -> any RuntimeInstance

    func setLimits(connections: Int, workersShare: Int)

    /// How the next connections are encrypted; nil: not at all. If that is impossible, they are refused.
    func setSecurity(_ material: TLSMaterial?)

    /// Where its plugins count.
    var metrics: MetricFile? { get }
}

/// One instance of a plugin. Its numbers can be read on any thread, and after its end.
package protocol RuntimeInstance: AnyObject, Sendable {
    var listener: String { get }
    var generation: Int { get }
    var created: MonotonicTime { get }
    /// Its runtime has ended.
    var isOver: Bool { get }
    /// Where the runtime publishes what it does.
    var place: PublishedPlace { get }
    /// Counters of all loops together.
    var counts: ConnectionCounts { get }
    /// It breaks the rules so often that it gets no new connections for a while.
    var isRefusing: Bool { get }
    /// Work or deliveries are outstanding.
    var isBusy: Bool { get }
    /// On any thread: whether its sessions can continue in another instance.
    func canMigrate(to other: any RuntimeInstance) -> Bool

    /// Calls the plugin's `create`, and starts it on all loops. If this fails, the instance must be ended like any other.
    func start(_ options: OptionValue) throws(InstanceRefusal)
    /// Adopts connections that its runtime has taken over: those of its listener, and with `generation` only those of that one.
    ///
    /// - Parameter afterCrash: the plugin decides whether they go on.
    func adopt(only generation: Int?, afterCrash: Bool) -> Succession

    /// Counts callbacks that run longer; zero: does not measure callbacks.
    func measureCallbacks(over limit: Duration)

    /// Its sessions have been asked to finish.
    var isDraining: Bool { get }
    /// Age of the oldest connection; 0 when there is none, nil when a loop does not answer.
    var oldestConnectionSeconds: Double? { get }
    /// At most so many of its connections.
    func connections(atMost limit: Int) -> ConnectionList
    /// Moves the sessions that can move now; busy ones follow after a later callback.
    func migrate(to other: any RuntimeInstance) -> SessionMoves
    /// On any thread: what becomes of its state when another instance takes its place.
    func stateTransfer(to other: any RuntimeInstance) -> StateTransfer
    /// Lets the callbacks of the listener stand still, and moves the state. They stand still until `endStandstill`; if this fails,
    /// they run again.
    func moveState(to other: any RuntimeInstance, timeout: Duration) throws(StateRefusal) -> StateMove
    func endStandstill(with other: (any RuntimeInstance)?)
    /// Lets the callbacks of the listener stand still, and writes the state to a file, for an instance of the same plugin in another runtime.
    /// They stand still until `endStandstill` without another; if this fails, they run again.
    func saveState(to file: Int32, timeout: Duration) throws(StateRefusal) -> StateMove
    /// Restores the state from such a file.
    func restoreState(from file: Int32, timeout: Duration) throws(StateRefusal)
    /// Tells the plugin that its state has moved for good.
    func tellStateMoved()
    /// Leaves all sessions where they are, including those that wait to move.
    func pinSessions()
    /// Asks the sessions to finish what they have begun and close.
    func drain()
    /// Ends the connections that are left. Returns how many sessions were cut.
    func cut() -> Int
    /// Calls `onDrained` once, on any thread, when the last connection is gone and all loans are returned.
    func retire(onDrained: @escaping @Sendable () -> Void)
    /// Ends an instance that gets no more connections, if nothing of it is left.
    func end() -> PluginInstance.Ending
}

/// An address, for the next control side.
package struct AddressDescription: Codable, Sendable, Equatable {
    package var listener: String
    /// As the listener's file says it.
    package var configured: String
    /// That the kernel chose, or the file's; nil: a Unix socket.
    package var port: UInt16?

    package init(listener: String, configured: String, port: UInt16?) {
        self.listener = listener
        self.configured = configured
        self.port = port
    }
}

/// The listening sockets of an address.
package protocol RuntimeAddress: AnyObject, Sendable {
    /// Its own, one for each loop, until it is closed. The caller duplicates them.
    var descriptors: [Int32] { get }
    /// Called after listen(2), once every loop has its socket.
    func beginAccepting()
    /// Lets other loops accept from the sockets of these stuck loops, and no longer from those of loops that turn again.
    func cover(_ stuck: Set<Int>, name: String, _ target: SocketTarget)
    /// Stops accepting and closes the sockets. A stuck loop does this later.
    func close()
}

/// Where the pages of a runtime tell of an instance.
package struct PublishedPlace: Codable, Sendable, Equatable {
    /// The number of its counters: `LoopPage.record`.
    package var record: Int
    /// Names it in the records of callbacks.
    package var label: UInt32

    package init(record: Int, label: UInt32) {
        self.record = record
        self.label = label
    }
}

/// Where the next connections of a socket go.
package struct SocketTarget: Sendable {
    package let current: any RuntimeInstance
    /// Gets `share` of every hundred.
    package let candidate: (any RuntimeInstance)?
    package let share: Int

    package init(current: any RuntimeInstance, candidate: (any RuntimeInstance)?, share: Int) {
        self.current = current
        self.candidate = candidate
        self.share = share
    }
}

/// What a change of sockets does about a stuck loop.
package enum Insistence: String, Codable, Sendable {
    /// The change is not made on that loop, and the caller gets an error.
    case canFail
    /// The loop makes the change once it turns again.
    case settled
}

/// Why an address could not be opened at the commit.
package struct ListenFailure: Error, Codable {
    package let text: String

    package init(text: String) { self.text = text }
}
