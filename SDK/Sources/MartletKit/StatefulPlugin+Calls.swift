import CMartlet

/// From the C functions to the author's plugin: once for each piece and swap.
extension StatefulPlugin {
    fileprivate static func save(
        _ env: UnsafePointer<martlet_env>, _ put: martlet_state_put, _ context: UnsafeMutableRawPointer?
    ) -> martlet_result {
        var pieces = SavedPieces(put, context)
        let result = run(env) { (plugin) throws(StateError) in try plugin.save(into: &pieces) }
        // Also if the plugin has caught the error of `put`: the other side does not get all pieces.
        return pieces.failure ?? result
    }

    fileprivate static func restore(
        _ env: UnsafePointer<martlet_env>, _ version: UInt32, _ piece: UnsafeRawBufferPointer
    ) -> martlet_result {
        run(env) { (plugin) throws(StateError) in
            guard stateSchema.restores.contains(version) else {
                throw StateError("version \(version) of \(stateSchema.name) cannot be restored here")
            }
            if piece.isEmpty { try plugin.finishRestoring() } else { try plugin.restore(piece.bytes, version: version) }
        }
    }

    fileprivate static func moved(_ env: UnsafePointer<martlet_env>) { env.box(Self.self).pointee.plugin.stateMoved() }

    private static func run(
        _ env: UnsafePointer<martlet_env>, _ body: (Self) throws(StateError) -> Void
    ) -> martlet_result {
        let box = env.box(Self.self)
        do throws(StateError) {
            try body(box.pointee.plugin)
            return MARTLET_OK
        } catch {
            box.pointee.host.error("instance state: \(error.message)")
            return error.result ?? MARTLET_ERROR_UNSUPPORTED
        }
    }
}

/// The extension of a plugin whose instances have state. It lives as long as the image.
func makeInstanceStateExtension(_ type: any StatefulPlugin.Type) -> martlet_extension {
    let schema = type.stateSchema
    var table = martlet_instance_state()
    table.size = UInt32(MemoryLayout<martlet_instance_state>.size)
    table.version = schema.version
    table.oldest = schema.restores.lowerBound
    table.newest = schema.restores.upperBound
    table.schema = permanent(schema.name)
    table.flags = type.stateStaysUsable ? MARTLET_STATE_STAYS_USABLE : 0
    table.save = { env, put, context in
        guard let env, let put, let type = env.pluginType as? any StatefulPlugin.Type else {
            return MARTLET_ERROR_ARGUMENT
        }
        return type.save(env, put, context)
    }
    table.restore = { env, version, data, count in
        guard let env, let type = env.pluginType as? any StatefulPlugin.Type else { return MARTLET_ERROR_ARGUMENT }
        return type.restore(env, version, UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : count))
    }
    table.moved = { env in
        if let env, let type = env.pluginType as? any StatefulPlugin.Type { type.moved(env) }
    }
    var entry = martlet_extension()
    entry.size = UInt32(MemoryLayout<martlet_extension>.size)
    entry.id = permanent(MARTLET_INSTANCE_STATE)
    entry.functions = UnsafeRawPointer(permanent([table]).baseAddress)
    return entry
}
