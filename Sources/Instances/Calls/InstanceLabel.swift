import Engine

/// Identifies an instance in log lines about a thread that it occupies.
package struct InstanceLabel: Sendable {
    package let listener: String
    package let plugin: String
    package let version: String
    package let generation: Int
    /// Callbacks on event loops that run longer are logged; 0: none.
    package let callbackWarningNanoseconds: UInt64
    /// A callback of a connection that runs longer has hung; 0: none does.
    package let hangNanoseconds: UInt64
    package let faults: FaultMonitor

    package var name: InstanceName {
        InstanceName(listener: listener, plugin: plugin, version: version, generation: generation)
    }
}

/// An instance, for users.
package struct InstanceName: Sendable {
    package let listener: String
    package let plugin: String
    package let version: String
    package let generation: Int

    package init(listener: String, plugin: String, version: String, generation: Int) {
        self.listener = listener
        self.plugin = plugin
        self.version = version
        self.generation = generation
    }
}
