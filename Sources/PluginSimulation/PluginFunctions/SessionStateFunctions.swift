import CMartlet
import Operations

/// `martlet.session-state/1` of a plugin.
struct SessionStateFunctions {
    let schema: String
    /// Of what `save` writes.
    let version: UInt32
    /// What `restore` takes.
    let restores: ClosedRange<UInt32>
    let save: @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutablePointer<UInt8>?, Int) -> Int64
    let restore: RestoreFunction
    let moved: PluginFunctions.SignalFunction

    typealias RestoreFunction =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, OpaquePointer?, UInt32, UnsafePointer<UInt8>?, Int,
            PluginFunctions.StatePointer?
        ) -> martlet_result

    /// nil: the plugin has none, or it is incomplete.
    init?(_ plugin: martlet_plugin) {
        guard let functions = plugin.functions(of: MARTLET_SESSION_STATE) else { return nil }
        let table = functions.assumingMemoryBound(to: martlet_session_state.self)
        guard table.pointee.size >= MemoryLayout<martlet_session_state>.size, let save = table.pointee.save,
            let restore = table.pointee.restore, let moved = table.pointee.moved,
            table.pointee.oldest <= table.pointee.newest
        else { return nil }
        schema = String(table.pointee.schema)
        version = table.pointee.version
        restores = table.pointee.oldest...table.pointee.newest
        self.save = save
        self.restore = restore
        self.moved = moved
    }

    /// Whether sessions that this plugin saves can be restored by another.
    func fits(_ other: SessionStateFunctions) -> Bool { schema == other.schema && other.restores.contains(version) }
}
