import CMartlet

/// `martlet.session-state/1` of a plugin.
package struct SessionStateFunctions: Sendable {
    package let versions: StateVersions
    /// A hash of the name of the format, the same in every process.
    package let form: UInt64
    /// The host keeps what `save` writes: after `opened` and `restore`, and when the plugin asks for it.
    package let savesSessions: Bool
    /// And after every callback.
    package let savesAlways: Bool
    package var save:
        @convention(c) (
            SessionCallbacks.Env, SessionCallbacks.Session, SessionCallbacks.Connection, UnsafeMutablePointer<UInt8>?,
            Int, UnsafeMutablePointer<Int>?
        ) -> martlet_result
    package var restore:
        @convention(c) (
            SessionCallbacks.Env, SessionCallbacks.Connection, UInt32, UnsafePointer<UInt8>?, Int,
            SessionCallbacks.Place
        ) -> martlet_result
    /// Always set if the plugin makes its sessions itself.
    package var moved: SessionCallbacks.Signal?

    /// nil: the plugin has none.
    package init?(_ plugin: martlet_plugin) throws(SizedStructProblem) {
        guard let functions = try plugin.functions(of: MARTLET_SESSION_STATE) else { return nil }
        let table = try martlet_session_state.read(functions, "its \(MARTLET_SESSION_STATE)")
        guard let save = table.save, let restore = table.restore, table.moved != nil || plugin.session_size > 0 else {
            throw SizedStructProblem("its \(MARTLET_SESSION_STATE) lacks save, restore or moved")
        }
        versions = try StateVersions(
            table.schema, version: table.version, oldest: table.oldest, newest: table.newest, of: MARTLET_SESSION_STATE)
        form = stableHash(versions.schema)
        savesSessions = table.flags & (MARTLET_SESSION_CHECKPOINT | MARTLET_SESSION_CHECKPOINT_ALWAYS) != 0
        savesAlways = table.flags & MARTLET_SESSION_CHECKPOINT_ALWAYS != 0
        self.save = save
        self.restore = restore
        moved = table.moved
    }
}
