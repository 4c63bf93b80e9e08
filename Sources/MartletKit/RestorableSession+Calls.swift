import CMartlet
import Glibc

/// From the C border to `save` and `restore`. Not hot: once per session and swap.
extension Plugin {
    static func saveSession(
        _ header: UnsafeMutablePointer<SessionHeader>, _ buffer: UnsafeMutableRawBufferPointer
    ) -> Int64 {
        guard let session = Session.self as? any RestorableSession.Type else { return Int64(MARTLET_ERROR_UNSUPPORTED) }
        return session.save(header, buffer)
    }

    static func restoreSession(
        _ box: UnsafeMutableRawPointer, _ loop: UnsafeMutableRawPointer?, _ handle: OpaquePointer, _ version: UInt32,
        _ state: UnsafeRawBufferPointer
    ) -> UnsafeMutableRawPointer? {
        precondition(MemoryLayout<Session>.alignment <= 16, "a session aligned to more than malloc gives")
        guard let session = Session.self as? any RestorableSession.Type,
            let memory = malloc(SessionHeader.size + MemoryLayout<Session>.stride)
        else { return nil }
        let header = memory.bindMemory(to: SessionHeader.self, capacity: 1)
        header.initialize(to: SessionHeader(plugin: Self.self, box: box, loop: loop))
        guard session.restore(header, handle, version, state) else {
            free(memory)
            return nil
        }
        return memory
    }

    /// Releases a session that goes on elsewhere.
    static func releaseSession(_ header: UnsafeMutablePointer<SessionHeader>) {
        header.session(Session.self).deinitialize(count: 1)
        free(header)
    }
}

extension RestorableSession {
    fileprivate static func save(
        _ header: UnsafeMutablePointer<SessionHeader>, _ buffer: UnsafeMutableRawBufferPointer
    ) -> Int64 {
        var state = SavedState(buffer)
        switch header.session(Self.self).pointee.save(into: &state) {
        case .saved: return Int64(state.count)
        case .notNow: return Int64(MARTLET_ERROR_BUSY)
        case .never: return Int64(MARTLET_ERROR_UNSUPPORTED)
        }
    }

    fileprivate static func restore(
        _ header: UnsafeMutablePointer<SessionHeader>, _ handle: OpaquePointer, _ version: UInt32,
        _ state: UnsafeRawBufferPointer
    ) -> Bool {
        guard stateSchema.restores.contains(version) else { return false }
        let connection = Connection<Plugin>(handle: handle, header: header)
        guard let session = Self(restoring: state.bytes, version: version, on: connection) else { return false }
        (UnsafeMutableRawPointer(header) + SessionHeader.size).bindMemory(to: Self.self, capacity: 1)
            .initialize(to: session)
        return true
    }
}

/// The extension of a plugin whose sessions can be restored; it lives as long as the image.
func makeStateExtension(_ schema: StateSchema) -> martlet_extension {
    var table = martlet_session_state()
    table.size = UInt32(MemoryLayout<martlet_session_state>.size)
    table.version = schema.version
    table.oldest = schema.restores.lowerBound
    table.newest = schema.restores.upperBound
    table.schema = permanent(schema.name)
    table.save = { session, _, buffer, capacity in
        let header = session.unsafelyUnwrapped.assumingMemoryBound(to: SessionHeader.self)
        return header.pointee.plugin.saveSession(
            header, UnsafeMutableRawBufferPointer(start: buffer, count: buffer == nil ? 0 : capacity))
    }
    table.restore = { state, loop, handle, version, data, count, session in
        guard let state, let handle, let session else { return MARTLET_ERROR_ARGUMENT }
        let saved = UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : count)
        session.pointee = state.pluginType.restoreSession(state, loop, handle, version, saved)
        return session.pointee == nil ? MARTLET_ERROR_UNSUPPORTED : MARTLET_OK
    }
    table.moved = { session, _ in
        let header = session.unsafelyUnwrapped.assumingMemoryBound(to: SessionHeader.self)
        header.pointee.plugin.releaseSession(header)
    }
    var entry = martlet_extension()
    entry.size = UInt32(MemoryLayout<martlet_extension>.size)
    entry.id = permanent(MARTLET_SESSION_STATE)
    entry.functions = UnsafeRawPointer(permanent([table]).baseAddress)
    return entry
}
