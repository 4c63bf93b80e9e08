import CMartlet

/// The one plugin of this image. A constant of the image, not state: instances and sessions carry all that changes.
nonisolated(unsafe) private var exported: (any Plugin.Type)?
nonisolated(unsafe) private var descriptor: UnsafePointer<martlet_plugin>?

/// Makes a plugin loadable. In the plugin's module, one line:
///
///     @c(martlet_plugin_entry) public func entry() -> UnsafeRawPointer { exportPlugin(Echo.self) }
public func exportPlugin<P: Plugin>(_ plugin: P.Type) -> UnsafeRawPointer {
    if let descriptor { return UnsafeRawPointer(descriptor) }
    let made = makeDescriptor(plugin.manifest)
    exported = plugin
    descriptor = made
    return UnsafeRawPointer(made)
}

/// The descriptor lives as long as the image, so its texts and arrays are never released.
private func makeDescriptor(_ manifest: Manifest) -> UnsafePointer<martlet_plugin> {
    var plugin = martlet_plugin()
    plugin.size = UInt32(MemoryLayout<martlet_plugin>.size)
    plugin.abi_major = UInt16(MARTLET_ABI_MAJOR)
    plugin.abi_minor = UInt16(MARTLET_ABI_MINOR)
    plugin.name = permanent(manifest.name)
    plugin.version = permanent(manifest.version)
    plugin.summary = permanent(manifest.summary)
    plugin.example = permanent(manifest.example)
    plugin.threads = MARTLET_THREADS_LOOPS
    let options = permanent(manifest.options.map(describe))
    plugin.options = UnsafePointer(options.baseAddress)
    plugin.option_count = options.count
    installCallbacks(&plugin)
    let memory = UnsafeMutablePointer<martlet_plugin>.allocate(capacity: 1)
    memory.initialize(to: plugin)
    return UnsafePointer(memory)
}

private func installCallbacks(_ plugin: inout martlet_plugin) {
    plugin.create = { host, instance, options, state in
        guard let exported, let host, let instance, let options, let state else { return MARTLET_ERROR_ARGUMENT }
        do throws(OptionError) {
            state.pointee = try exported.createInstance(host, instance, options)
            return MARTLET_OK
        } catch {
            withText(error.path) { path in
                withText(error.message) { host.pointee.refuse(instance, path, $0) }
            }
            return MARTLET_ERROR_ARGUMENT
        }
    }
    plugin.destroy = { if let exported, let state = $0 { exported.destroyInstance(state) } }
    plugin.loop_start = { state, loop, loopState in
        guard let exported, let state, let loopState else { return MARTLET_ERROR_ARGUMENT }
        loopState.pointee = exported.startLoop(state, loop)
        return MARTLET_OK
    }
    plugin.loop_stop = { if let exported, $0 != nil, let loopState = $2 { exported.stopLoop(loopState) } }
    plugin.opened = { state, loopState, handle, session in
        guard let exported, let state, let handle, let session else { return MARTLET_ERROR_ARGUMENT }
        session.pointee = exported._openSession(state, loopState, handle)
        return session.pointee == nil ? MARTLET_ERROR_UNSUPPORTED : MARTLET_OK
    }
    plugin.received = { session, handle, data, count in
        let header = session.unsafelyUnwrapped.assumingMemoryBound(to: SessionHeader.self)
        return Int64(
            header.pointee.plugin._received(header, handle.unsafelyUnwrapped, data.unsafelyUnwrapped, count))
    }
    plugin.writable = { signal(.writable, $0, $1) }
    plugin.timer = { signal(.timer, $0, $1) }
    plugin.peer_closed = { signal(.peerClosed, $0, $1) }
    plugin.draining = { signal(.draining, $0, $1) }
    plugin.closed = { session, handle, reason in
        let header = session.unsafelyUnwrapped.assumingMemoryBound(to: SessionHeader.self)
        header.pointee.plugin._closed(header, handle.unsafelyUnwrapped, CloseReason(rawValue: reason))
    }
}

private func signal(_ signal: SessionSignal, _ session: UnsafeMutableRawPointer?, _ handle: OpaquePointer?) {
    let header = session.unsafelyUnwrapped.assumingMemoryBound(to: SessionHeader.self)
    header.pointee.plugin._signal(signal, header, handle.unsafelyUnwrapped)
}
