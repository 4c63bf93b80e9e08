import HostInterface
import Synchronization
import Threads

/// A runtime under a name, which another one replaces when it has ended. All but `runtime` is used on the control thread.
final class RunningHost: @unchecked Sendable {
    /// "shared", "listener chat", "group payments"
    let name: String
    /// In the shared quotas.
    let place: Int
    private let current: Mutex<any Runtime>
    /// The instances of the current runtime, by the labels of their callbacks.
    var made: [UInt32: MadeInstance] = [:]
    var restarts = RestartDelay()
    /// Of the runtime that has ended, until another one has taken over its connections.
    var estate: (any RuntimeEstate)?
    /// Nothing needs it any more. On any thread.
    let isEnding = Atomic<Bool>(false)
    /// CLOCK_MONOTONIC, nanoseconds.
    private(set) var started = readMonotonicClock()

    init(_ name: String, place: Int, _ runtime: any Runtime) {
        self.name = name
        self.place = place
        current = Mutex(runtime)
    }

    var runtime: any Runtime { current.withLock { $0 } }

    /// Another runtime takes the place of one that has ended.
    func renew(_ runtime: any Runtime) {
        current.withLock { $0 = runtime }
        made = [:]
        started = readMonotonicClock()
    }
}

/// What an instance was made from, for the moment in which its runtime ends.
struct MadeInstance {
    let instance: any RuntimeInstance
    let recipe: PreparedListener
}
