import CMartlet

/// `martlet.instance-state/1` of a plugin.
package struct InstanceStateFunctions: Sendable {
    package let versions: StateVersions
    /// The instance can go on serving after its state has moved.
    package let staysUsable: Bool
    package var save:
        @convention(c) (SessionCallbacks.Env, martlet_state_put?, UnsafeMutableRawPointer?) -> martlet_result
    package var restore: @convention(c) (SessionCallbacks.Env, UInt32, UnsafePointer<UInt8>?, Int) -> martlet_result
    package var moved: (@convention(c) (SessionCallbacks.Env) -> Void)?

    /// nil: the plugin has none.
    package init?(_ plugin: martlet_plugin) throws(SizedStructProblem) {
        guard let functions = try plugin.functions(of: MARTLET_INSTANCE_STATE) else { return nil }
        let table = try martlet_instance_state.read(functions, "its \(MARTLET_INSTANCE_STATE)")
        guard let save = table.save, let restore = table.restore else {
            throw SizedStructProblem("its \(MARTLET_INSTANCE_STATE) lacks save or restore")
        }
        versions = try StateVersions(
            table.schema, version: table.version, oldest: table.oldest, newest: table.newest, of: MARTLET_INSTANCE_STATE
        )
        staysUsable = table.flags & MARTLET_STATE_STAYS_USABLE != 0
        self.save = save
        self.restore = restore
        moved = table.moved
    }
}
