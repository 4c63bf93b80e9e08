import CMartlet

/// From the C functions to `save` and `restore`. Not on the hot path: once for each session and swap.
extension Plugin {
    static func saveSession(
        _ session: UnsafeMutableRawPointer, _ buffer: UnsafeMutableRawBufferPointer, _ length: inout Int
    ) -> martlet_result {
        guard let type = Session.self as? any RestorableSession.Type else { return MARTLET_ERROR_UNSUPPORTED }
        return type.save(session, buffer, &length)
    }

    static func restoreSession(
        _ memory: UnsafeMutableRawPointer, _ env: UnsafePointer<martlet_env>, _ handle: OpaquePointer,
        _ version: UInt32, _ state: UnsafeRawBufferPointer
    ) -> Bool {
        guard let type = Session.self as? any RestorableSession.Type else { return false }
        return type.restore(memory, env, handle, version, state)
    }

    /// Releases a session that continues in another generation.
    static func releaseSession(
        _ session: UnsafeMutableRawPointer, _ env: UnsafePointer<martlet_env>, _ handle: OpaquePointer
    ) {
        if let type = Session.self as? any RestorableSession.Type { type.tellMoved(session, env, handle) }
        session.assumingMemoryBound(to: Session.self).deinitialize(count: 1)
    }
}

extension RestorableSession {
    fileprivate static func save(
        _ session: UnsafeMutableRawPointer, _ buffer: UnsafeMutableRawBufferPointer, _ length: inout Int
    ) -> martlet_result {
        var state = SavedState(buffer)
        switch session.assumingMemoryBound(to: Self.self).pointee.save(into: &state) {
        case .saved:
            length = state.count
            return MARTLET_OK
        case .notNow: return MARTLET_ERROR_BUSY
        case .never: return MARTLET_ERROR_UNSUPPORTED
        }
    }

    fileprivate static func tellMoved(
        _ session: UnsafeMutableRawPointer, _ env: UnsafePointer<martlet_env>, _ handle: OpaquePointer
    ) {
        session.assumingMemoryBound(to: Self.self).pointee.moved(Connection(handle: handle, env: env))
    }

    fileprivate static func restore(
        _ memory: UnsafeMutableRawPointer, _ env: UnsafePointer<martlet_env>, _ handle: OpaquePointer,
        _ version: UInt32, _ state: UnsafeRawBufferPointer
    ) -> Bool {
        guard stateSchema.restores.contains(version) else { return false }
        let connection = Connection<Plugin>(handle: handle, env: env)
        guard let session = Self(restoring: state.bytes, version: version, on: connection) else { return false }
        memory.bindMemory(to: Self.self, capacity: 1).initialize(to: session)
        return true
    }
}

/// The extension of a plugin whose sessions can be restored. It lives as long as the image.
func makeStateExtension(_ schema: StateSchema, _ checkpoints: Checkpoints) -> martlet_extension {
    var table = martlet_session_state()
    table.size = UInt32(MemoryLayout<martlet_session_state>.size)
    table.version = schema.version
    table.oldest = schema.restores.lowerBound
    table.newest = schema.restores.upperBound
    table.schema = permanent(schema.name)
    table.flags =
        switch checkpoints {
        case .never: 0
        case .whenAsked: MARTLET_SESSION_CHECKPOINT
        case .always: MARTLET_SESSION_CHECKPOINT_ALWAYS
        }
    table.save = { env, session, _, buffer, capacity, length in
        guard let env, let session, let length else { return MARTLET_ERROR_ARGUMENT }
        let room = UnsafeMutableRawBufferPointer(start: buffer, count: buffer == nil ? 0 : capacity)
        return env.pluginType.saveSession(session, room, &length.pointee)
    }
    table.restore = { env, handle, version, data, count, session in
        guard let env, let handle, let memory = session?.pointee else { return MARTLET_ERROR_ARGUMENT }
        let saved = UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : count)
        return env.pluginType.restoreSession(memory, env, handle, version, saved)
            ? MARTLET_OK : MARTLET_ERROR_UNSUPPORTED
    }
    table.moved = { env, session, handle in
        guard let env, let session, let handle else { return }
        env.pluginType.releaseSession(session, env, handle)
    }
    var entry = martlet_extension()
    entry.size = UInt32(MemoryLayout<martlet_extension>.size)
    entry.id = permanent(MARTLET_SESSION_STATE)
    entry.functions = UnsafeRawPointer(permanent([table]).baseAddress)
    return entry
}
