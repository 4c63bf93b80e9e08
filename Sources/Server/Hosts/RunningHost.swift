import HostInterface
import Synchronization
import Threads

/// A runtime under a name, which another one replaces when it has ended. All but `runtime` is used on the control thread.
final class RunningHost: @unchecked Sendable {
    /// "shared", "listener chat", "group payments"
    let name: String
    /// Of the runtime, in the shared quotas.
    private(set) var place: Int
    private let current: Mutex<any Runtime>
    /// The instances of the current runtime, by the labels of their callbacks.
    var made: [UInt32: MadeInstance] = [:]
    var restarts = RestartDelay()
    /// Of the runtime that has ended, until another one has taken over its connections.
    var estate: (any RuntimeEstate)?
    /// Another runtime stands still and has not let go yet of what this one takes over. If this one dies then, that is not its own.
    var isBeingOffered = false
    /// Nothing needs it any more. On any thread.
    let isEnding = Atomic<Bool>(false)
    /// The host that goes on with its connections; nil: this one runs its listeners itself.
    private(set) var successor: RunningHost?
    private var lastRenewal: UInt64 = 0
    /// CLOCK_MONOTONIC, nanoseconds.
    private(set) var started = readMonotonicClock()

    init(_ name: String, place: Int, _ runtime: any Runtime) {
        self.name = name
        self.place = place
        current = Mutex(runtime)
    }

    var runtime: any Runtime { current.withLock { $0 } }

    /// Another runtime takes the place of one that has ended.
    func replace(by runtime: any Runtime) {
        current.withLock { $0 = runtime }
        made = [:]
        started = readMonotonicClock()
    }

    /// Whether it has not been asked this for so long. Nanoseconds.
    func mayBeRenewed(every interval: UInt64) -> Bool {
        let now = readMonotonicClock()
        guard now - lastRenewal >= interval || lastRenewal == 0 else { return false }
        lastRenewal = now
        return true
    }

    /// Gets what another host has, which has what this one had, and leaves its connections to it.
    func exchange(with former: RunningHost) {
        let runtime = former.current.withLock { $0 }
        former.current.withLock { old in current.withLock { (old, $0) = ($0, runtime) } }
        swap(&place, &former.place)
        swap(&made, &former.made)
        swap(&started, &former.started)
        former.successor = self
    }
}

/// What an instance was made from, for the moment in which its runtime ends.
struct MadeInstance {
    let instance: any RuntimeInstance
    let recipe: PreparedListener
}
