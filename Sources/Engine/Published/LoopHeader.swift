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
}
