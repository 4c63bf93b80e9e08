import CMartlet

/// From the C functions to the author's session: one call through the protocol's witness, specialised in the author's
/// module, with the session in place. The memory belongs to the host.
extension Plugin {
    @inlinable
    public static func _openSession(
        _ memory: UnsafeMutableRawPointer, _ env: UnsafePointer<martlet_env>, _ handle: OpaquePointer,
        _ opening: UnsafePointer<martlet_opening>
    ) -> Bool {
        guard let session = Session(opening: Connection(handle: handle, env: env, opening: opening)) else {
            return false
        }
        memory.bindMemory(to: Session.self, capacity: 1).initialize(to: session)
        return true
    }

    @inlinable
    public static func _received(
        _ session: UnsafeMutableRawPointer, _ env: UnsafePointer<martlet_env>, _ handle: OpaquePointer,
        _ data: UnsafePointer<UInt8>, _ count: Int, _ consumed: UnsafeMutablePointer<Int>
    ) -> martlet_result {
        let input = unsafe Span(_unsafeStart: data, count: count)
        do throws(SessionError) {
            consumed.pointee = try session.assumingMemoryBound(to: Session.self).pointee.received(
                input, from: Connection(handle: handle, env: env))
            return 0
        } catch {
            return error.rawValue
        }
    }

    @inlinable
    public static func _signal(
        _ signal: SessionSignal, _ session: UnsafeMutableRawPointer, _ env: UnsafePointer<martlet_env>,
        _ handle: OpaquePointer
    ) {
        let session = session.assumingMemoryBound(to: Session.self)
        let connection = Connection<Self>(handle: handle, env: env)
        switch signal {
        case .writable: session.pointee.writable(connection)
        case .timer: session.pointee.timerFired(connection)
        case .peerClosed: session.pointee.peerClosed(connection)
        case .draining: session.pointee.draining(connection)
        }
    }

    @inlinable
    public static func _closed(
        _ session: UnsafeMutableRawPointer, _ env: UnsafePointer<martlet_env>, _ handle: OpaquePointer,
        _ reason: CloseReason
    ) {
        let session = session.assumingMemoryBound(to: Session.self)
        session.pointee.closed(Connection(handle: handle, env: env), reason: reason)
        session.deinitialize(count: 1)
    }
}

/// Creates and destroys instances and loop states. Not on the hot path.
extension Plugin {
    static func createInstance(
        _ host: UnsafePointer<martlet_host>, _ instance: OpaquePointer, _ options: UnsafePointer<martlet_value>
    ) throws(OptionError) -> UnsafeMutableRawPointer {
        let host = Host<Self>(table: host, instance: instance)
        let plugin = try Self(options: Options(options), host: host)
        let box = UnsafeMutablePointer<InstanceBox<Self>>.allocate(capacity: 1)
        box.initialize(to: InstanceBox(plugin: plugin, host: host))
        return UnsafeMutableRawPointer(box)
    }

    static func destroyInstance(_ box: UnsafeMutableRawPointer) {
        let box = box.assumingMemoryBound(to: InstanceBox<Self>.self)
        box.deinitialize(count: 1)
        box.deallocate()
    }

    static func startLoop(_ env: UnsafePointer<martlet_env>) -> UnsafeMutableRawPointer {
        let state = UnsafeMutablePointer<LoopState>.allocate(capacity: 1)
        state.initialize(to: env.box(Self.self).pointee.plugin.makeLoopState(loop: Int(env.pointee.loop)))
        return UnsafeMutableRawPointer(state)
    }

    static func stopLoop(_ state: UnsafeMutableRawPointer) {
        let state = state.assumingMemoryBound(to: LoopState.self)
        state.deinitialize(count: 1)
        state.deallocate()
    }

    /// Tells the host the size, the alignment and the layout of a session.
    static func describeSession(in plugin: inout martlet_plugin) {
        plugin.session_size = MemoryLayout<Session>.stride
        plugin.session_align = MemoryLayout<Session>.alignment
        switch manifest.onCrash {
        case .automatic: break
        case .adopt: plugin.flags |= MARTLET_PLUGIN_ON_CRASH_ADOPT
        case .close: plugin.flags |= MARTLET_PLUGIN_ON_CRASH_CLOSE
        }
        guard let plain = Session.self as? any PlainSession.Type else { return }
        plugin.flags |= MARTLET_PLUGIN_PLAIN_SESSIONS
        plugin.session_layout = permanent(plain.layout)
    }
}
