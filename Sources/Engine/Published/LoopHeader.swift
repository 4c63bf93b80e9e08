import Telemetry

/// The counters that a loop publishes about itself.
package struct LoopHeader: ~Copyable {
    package let turns = Counter()
    /// How often the loop has begun to wait for events.
    package let waits = Counter()
    /// How often accepting stopped at a limit of the configuration.
    package let pausesAtLimit = Counter()
    /// How often accepting stopped because the system had no descriptor or memory for one more.
    package let pausesForResources = Counter()
    /// Messages that wait for the loop.
    let mail = Counter()
    /// The turn, counted from 1, in which the loop missed a deadline; 0: it has always answered in time.
    let missed = Counter()

    /// The loop is in a turn, or has mail to begin one for. Otherwise it waits for events.
    var hasWork: Bool { waits.value <= turns.value || mail.value > 0 }

    /// The loop has missed a deadline and has not begun another turn since.
    package var isStuck: Bool { missed.value != 0 && missed.value == turns.value &+ 1 && hasWork }
}
