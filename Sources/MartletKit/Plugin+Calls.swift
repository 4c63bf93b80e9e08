import CMartlet
import Glibc

/// From the C border to the author's session: one call through the protocol's witness, specialised in the author's
/// module, with the session in place.
extension Plugin {
    @inlinable
    public static func _openSession(
        _ box: UnsafeMutableRawPointer, _ loop: UnsafeMutableRawPointer?, _ handle: OpaquePointer
    ) -> UnsafeMutableRawPointer? {
        precondition(MemoryLayout<Session>.alignment <= 16, "a session aligned to more than malloc gives")
        guard let memory = malloc(SessionHeader.size + MemoryLayout<Session>.stride) else { return nil }
        let header = memory.bindMemory(to: SessionHeader.self, capacity: 1)
        header.initialize(to: SessionHeader(plugin: Self.self, box: box, loop: loop))
        guard let session = Session(opening: Connection(handle: handle, header: header)) else {
            free(memory)
            return nil
        }
        (memory + SessionHeader.size).bindMemory(to: Session.self, capacity: 1).initialize(to: session)
        return memory
    }

    @inlinable
    public static func _received(
        _ header: UnsafeMutablePointer<SessionHeader>, _ handle: OpaquePointer, _ data: UnsafePointer<UInt8>,
        _ count: Int
    ) -> Int {
        let input = unsafe Span(_unsafeStart: data, count: count)
        return header.session(Session.self).pointee.received(input, from: Connection(handle: handle, header: header))
    }

    @inlinable
    public static func _signal(
        _ signal: SessionSignal, _ header: UnsafeMutablePointer<SessionHeader>, _ handle: OpaquePointer
    ) {
        let session = header.session(Session.self)
        let connection = Connection<Self>(handle: handle, header: header)
        switch signal {
        case .writable: session.pointee.writable(connection)
        case .timer: session.pointee.timerFired(connection)
        case .peerClosed: session.pointee.peerClosed(connection)
        case .draining: session.pointee.draining(connection)
        }
    }

    @inlinable
    public static func _closed(
        _ header: UnsafeMutablePointer<SessionHeader>, _ handle: OpaquePointer, _ reason: CloseReason
    ) {
        let session = header.session(Session.self)
        session.pointee.closed(Connection(handle: handle, header: header), reason: reason)
        session.deinitialize(count: 1)
        free(header)
    }
}

/// Instances and loop states: control side and start of a loop, not hot.
extension Plugin {
    static func createInstance(
        _ host: UnsafePointer<martlet_host>, _ instance: OpaquePointer, _ options: UnsafePointer<martlet_value>
    ) throws(OptionError) -> UnsafeMutableRawPointer {
        let plugin = try Self(options: Options(options), host: Host(table: host, instance: instance))
        let box = UnsafeMutablePointer<InstanceBox<Self>>.allocate(capacity: 1)
        box.initialize(to: InstanceBox(host: host, instance: instance, plugin: plugin))
        return UnsafeMutableRawPointer(box)
    }

    static func destroyInstance(_ box: UnsafeMutableRawPointer) {
        let box = box.assumingMemoryBound(to: InstanceBox<Self>.self)
        box.deinitialize(count: 1)
        box.deallocate()
    }

    static func startLoop(_ box: UnsafeMutableRawPointer, _ loop: UInt32) -> UnsafeMutableRawPointer {
        let state = UnsafeMutablePointer<LoopState>.allocate(capacity: 1)
        state.initialize(
            to: box.assumingMemoryBound(to: InstanceBox<Self>.self).pointee.plugin.makeLoopState(loop: Int(loop)))
        return UnsafeMutableRawPointer(state)
    }

    static func stopLoop(_ state: UnsafeMutableRawPointer) {
        let state = state.assumingMemoryBound(to: LoopState.self)
        state.deinitialize(count: 1)
        state.deallocate()
    }
}
