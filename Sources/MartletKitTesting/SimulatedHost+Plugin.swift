import MartletKit
// The simulation itself knows nothing of Swift plugins: the host runs the same one in its probe.
@_exported import PluginSimulation

extension SimulatedHost {
    /// Makes an instance of a plugin written with MartletKit.
    public convenience init<P: Plugin>(
        _ plugin: P.Type, options: OptionLiteral = [:], loops: Int = 1, limits: HostLimits = HostLimits()
    ) throws(SimulationError) {
        try self.init(descriptor: exportPlugin(plugin), options: options, loops: loops, limits: limits)
    }
}
