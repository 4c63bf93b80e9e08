import CMartlet
import Engine
import PluginABI

/// What a simulation puts between an instance and its plugin, to look at both sides of each call.
package struct Interposition: @unchecked Sendable {
    /// The host functions that the plugin gets.
    package let table: UnsafePointer<martlet_host>
    /// The functions of the plugin that the engine gets.
    package let wrap: (SessionCallbacks) -> SessionCallbacks
    /// Called before calls that belong to no connection.
    package let willCall: (CallbackKind) -> Void
    package let onFault: FaultMonitor.Observer
    /// Finds the simulation behind an instance.
    package unowned let owner: AnyObject

    package init(
        table: UnsafePointer<martlet_host>, wrap: @escaping (SessionCallbacks) -> SessionCallbacks,
        willCall: @escaping (CallbackKind) -> Void, onFault: @escaping FaultMonitor.Observer, owner: AnyObject
    ) {
        self.table = table
        self.wrap = wrap
        self.willCall = willCall
        self.onFault = onFault
        self.owner = owner
    }
}
