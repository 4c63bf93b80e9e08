import CMartlet

/// Makes a plugin loadable: its descriptor, which lives as long as the image. A program of tests has at most 16 plugins. In the
/// plugin's module, one line:
///
///     @c(martlet_plugin_entry) public func entry() -> UnsafeRawPointer { exportPlugin(Echo.self) }
public func exportPlugin<P: Plugin>(_ plugin: P.Type) -> UnsafeRawPointer {
    UnsafeRawPointer(ExportedPlugins.shared.descriptor(of: plugin))
}

/// The descriptor lives as long as the image, so its texts and arrays are never released.
func makeDescriptor(
    _ manifest: Manifest, stateSchema: StateSchema?, create: @escaping ExportedPlugins.Create
) -> UnsafePointer<martlet_plugin> {
    var plugin = martlet_plugin()
    plugin.size = UInt32(MemoryLayout<martlet_plugin>.size)
    plugin.abi_major = UInt16(MARTLET_ABI_MAJOR)
    plugin.abi_minor = UInt16(MARTLET_ABI_MINOR)
    plugin.name = permanent(manifest.name)
    plugin.version = permanent(manifest.version)
    plugin.summary = permanent(manifest.summary)
    plugin.example = permanent(manifest.example)
    plugin.threads =
        switch manifest.threads {
        case .loops: MARTLET_THREADS_LOOPS
        case .workers: MARTLET_THREADS_WORKERS
        case .both: MARTLET_THREADS_BOTH
        }
    let options = permanent(manifest.options.map(describe))
    plugin.options = UnsafePointer(options.baseAddress)
    plugin.option_count = options.count
    var offered: [martlet_extension] = []
    if let stateSchema { offered.append(makeStateExtension(stateSchema)) }
    if !manifest.operations.isEmpty { offered.append(makeOperationsExtension(manifest.operations)) }
    let extensions = permanent(offered)
    plugin.extensions = UnsafePointer(extensions.baseAddress)
    plugin.extension_count = extensions.count
    plugin.create = create
    installCallbacks(&plugin)
    let memory = UnsafeMutablePointer<martlet_plugin>.allocate(capacity: 1)
    memory.initialize(to: plugin)
    return UnsafePointer(memory)
}

/// All but `create` find the type of the plugin in the instance or the session that they are called for.
private func installCallbacks(_ plugin: inout martlet_plugin) {
    plugin.destroy = { if let state = $0 { state.pluginType.destroyInstance(state) } }
    plugin.loop_start = { state, loop, loopState in
        guard let state, let loopState else { return MARTLET_ERROR_ARGUMENT }
        loopState.pointee = state.pluginType.startLoop(state, loop)
        return MARTLET_OK
    }
    plugin.loop_stop = { if let state = $0, let loopState = $2 { state.pluginType.stopLoop(loopState) } }
    plugin.opened = { state, loopState, handle, session in
        guard let state, let handle, let session else { return MARTLET_ERROR_ARGUMENT }
        session.pointee = state.pluginType._openSession(state, loopState, handle)
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
