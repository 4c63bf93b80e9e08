import CMartlet
import PluginSimulation

/// Tests a plugin in the probe's child: makes instances of it in a simulated host and plays peers against them.
///
/// The parent detects a crash, an exit or a hang, and knows from the narrator where it happened. How the plugin handles a broken
/// protocol is its own affair; it is refused only if it breaks a rule of `martlet.h`.
final class PluginExercise {
    /// Small, so that every plugin that answers gets FULL and `writable`.
    private static let limits = HostLimits(
        outputHighWater: 16 << 10, outputLowWater: 4 << 10, maximumInput: 1 << 20, workQueue: 64)
    private static let outputOverrun = 4 << 20
    static let loopCount = 2

    let request: ExerciseRequest
    let narrator: ExerciseNarrator
    private let plugin: UnsafePointer<martlet_plugin>
    private let began = MonotonicTime.milliseconds
    /// All hosts that were made. A host that is freed destroys its instance, and no code of the plugin may run after a fault.
    private var hosts: [SimulatedHost] = []
    var report = ExerciseReport()

    /// - Parameter tell: called with the next step: "in received, with line text".
    init(_ plugin: UnsafePointer<martlet_plugin>, _ request: ExerciseRequest, tell: @escaping (String) -> Void) {
        self.plugin = plugin
        self.request = request
        narrator = ExerciseNarrator(tell: tell)
    }

    func run() throws(ProbeFailure) -> ExerciseReport {
        let host = try makeHost(generation: 1)
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

    func makeHost(generation: Int) throws(ProbeFailure) -> SimulatedHost {
        let tree = OptionTree(request.options)
        defer { withExtendedLifetime(tree) {} }
        let host: SimulatedHost
        do throws(SimulationError) {
            host = try SimulatedHost(
                descriptor: plugin, options: tree.root, loops: Self.loopCount, limits: Self.limits,
                generation: generation, onCall: narrator.begin)
        } catch {
            throw Self.failure(error)
        }
        host.outputOverrun = Self.outputOverrun
        hosts.append(host)
        try check(host)
        return host
    }

    private static func failure(_ error: SimulationError) -> ProbeFailure {
        switch error {
        case .descriptor(let problem), .operation(let problem): .refused(problem)
        case .option(let path, let message): .notCreated(CreationFailure([OptionRefusal(path: path, message: message)]))
        case .refused(let refusals, let result):
            .notCreated(
                CreationFailure(
                    refusals.isEmpty
                        ? [OptionRefusal(path: "", message: "create returned \(result)")]
                        : refusals.map { OptionRefusal(path: $0.path, message: $0.message) }))
        case .loopRefused(let loop, _):
            .notCreated(CreationFailure([OptionRefusal(path: "", message: "loop_start failed on loop \(loop)")]))
        }
    }

    /// Refuses the plugin for the first rule that it has broken. A violation that a host function has answered with an error does
    /// not count.
    func check(_ hosts: SimulatedHost...) throws(ProbeFailure) {
        for host in hosts {
            guard let violation = host.violations.first(where: { !$0.isAnswered }) else { continue }
            let place = narrator.phrase(violation.call)
            throw .refused("broke a rule of martlet.h \(place): \(violation.text)")
        }
    }

    /// Runs what the plugin has asked for, its work and its timers, within bounds.
    func settle(_ host: SimulatedHost) {
        for _ in 0..<3 {
            host.runWork(limit: 256)
            host.advance(by: .seconds(2), timers: 16)
        }
    }
}
