import CMartlet
import Engine
import Operations

extension MigrationCallbacks {
    /// `martlet.session-state/1` of a plugin. nil: the plugin has none, or it is incomplete.
    init?(_ plugin: martlet_plugin) {
        guard let functions = plugin.functions(of: MARTLET_SESSION_STATE) else { return nil }
        let table = functions.assumingMemoryBound(to: martlet_session_state.self)
        guard table.pointee.size >= MemoryLayout<martlet_session_state>.size, let save = table.pointee.save,
            let restore = table.pointee.restore, let moved = table.pointee.moved,
            table.pointee.oldest <= table.pointee.newest
        else { return nil }
        self.init(
            schema: MigrationSchema(
                name: String(table.pointee.schema), version: table.pointee.version,
                restores: table.pointee.oldest...table.pointee.newest),
            save: save, restore: restore, moved: moved)
    }
}
