import Engine
import Instances
import Simulation

/// Tests a plugin in the probe's child: makes instances of it in a simulated host and plays peers against them.
///
/// The parent detects a crash, an exit or a hang, and knows from the narrator where it happened. How the plugin handles a broken
/// protocol is its own affair; it is refused only if it breaks a rule of `martlet.h`.
final class PluginExercise {
    /// Small, so that every plugin that answers gets FULL and `writable`, and one that ignores FULL is soon stopped.
    private static let limits = {
        var limits = ConnectionBounds(maximumInput: 1 << 20, outputHighWater: 16 << 10, outputLowWater: 4 << 10)
        limits.outputOverrun = 4 << 20
        return limits
    }()
    private static let settings = InstanceSettings(
        limits: limits, rules: AdmissionRules(), faults: FaultPolicy(), usesWorkers: false,
        callbackWarningNanoseconds: 0,
        callNanoseconds: 0, logLinesPerSecond: 0)
    static let loopCount = 2

    let request: ExerciseRequest
    let narrator: ExerciseNarrator
    private let image: PluginImage
    private var listener: SimulatedListener?
    /// Peers that have connected.
    var connected = 0
    private let began = MonotonicTime.milliseconds
    /// All hosts that were made. A host that is freed destroys its instance, and no code of the plugin may run after a fault.
    private var hosts: [SimulatedHost] = []
    var report = ExerciseReport()

    /// - Parameter tell: called with the next step: "in received, with line text".
    init(_ image: PluginImage, _ request: ExerciseRequest, tell: @escaping (String) -> Void) {
        self.image = image
        self.request = request
        narrator = ExerciseNarrator(tell: tell)
    }

    func run() throws(ProbeFailure) -> ExerciseReport {
        let host = try makeHost()
        for script in PeerScript.all(seed: request.seed) where hasTime { try play(script, host) }
        try playSpecialPeers(host)
        try swapAndEnd(host)
        report.calls = hosts.reduce(0) { $0 + $1.callCount }
        report.milliseconds = MonotonicTime.milliseconds - began
        return report
    }

    /// After half of the probe's time no further script begins; the end of the instances is always played.
    var hasTime: Bool {
        if MonotonicTime.milliseconds - began < request.budgetMilliseconds { return true }
        let note = "not all scripts were played: the machine was too slow for probe_timeout"
        if !report.notes.contains(note) { report.notes.append(note) }
        return false
    }

    /// Makes the next instance on the one listener.
    func makeHost() throws(ProbeFailure) -> SimulatedHost {
        let host: SimulatedHost
        do {
            let simulation = try hosts.first?.simulation ?? Simulation(loops: Self.loopCount, workQueue: 64)
            let listener = listener ?? SimulatedListener("probe", in: simulation)
            self.listener = listener
            host = try SimulatedHost(
                image, options: request.options, settings: Self.settings, on: listener, in: simulation,
                onCall: narrator.begin)
        } catch let refusal as InstanceRefusal {
            throw .notCreated(CreationFailure(refusal.problems))
        } catch {
            throw .failed("cannot be probed: \(error)")
        }
        hosts.append(host)
        try check(host)
        return host
    }

    /// Refuses the plugin for the first rule that it has broken. A problem that a host function has answered with an error does
    /// not count.
    func check(_ hosts: SimulatedHost...) throws(ProbeFailure) {
        for host in hosts {
            guard let problem = host.problems.first(where: { !$0.isAnswered }) else { continue }
            let place = narrator.phrase(problem.call)
            throw .refused("broke a rule of martlet.h \(place): \(problem.text)")
        }
    }

    /// Runs what the plugin has asked for, its work and its timers, within bounds.
    func settle(_ host: SimulatedHost) {
        for _ in 0..<3 {
            host.simulation.runWork(limit: 256)
            host.simulation.advance(by: 2_000_000_000, timers: 16)
        }
    }
}
