import CMartlet
import Synchronization

/// Makes a plugin loadable: returns its descriptor, which lives as long as the image. Add one line to the plugin's module:
///
///     @c(martlet_plugin_entry) public func entry(hostABI: UInt32) -> UnsafeRawPointer? { exportPlugin(Echo.self) }
public func exportPlugin<P: Plugin>(_ plugin: P.Type) -> UnsafeRawPointer {
    UnsafeRawPointer(
        ExportedPlugin.all.withLock { all in
            if let made = all.first(where: { $0.type == plugin }) { return made.descriptor }
            let made = ExportedPlugin(plugin)
            all.append(made)
            return made.descriptor
        })
}

/// A descriptor, followed by the type of the plugin: `create` finds the type there. A constant of the image, never released.
private struct ExportedPlugin: @unchecked Sendable {
    /// One in a loadable library; several in a test program, which links many plugins.
    static let all = Mutex<[ExportedPlugin]>([])

    struct Memory {
        let plugin: martlet_plugin
        let type: any Plugin.Type
    }

    private let memory: UnsafeMutablePointer<Memory>

    init<P: Plugin>(_ type: P.Type) {
        memory = .allocate(capacity: 1)
        memory.initialize(to: Memory(plugin: makeDescriptor(type), type: type))
    }

    var type: any Plugin.Type { memory.pointee.type }

    var descriptor: UnsafePointer<martlet_plugin> {
        UnsafePointer(UnsafeMutableRawPointer(memory).assumingMemoryBound(to: martlet_plugin.self))
    }

    static func type(of descriptor: UnsafePointer<martlet_plugin>) -> any Plugin.Type {
        UnsafeRawPointer(descriptor).assumingMemoryBound(to: Memory.self).pointee.type
    }
}

/// The texts and arrays of the descriptor are never released.
private func makeDescriptor<P: Plugin>(_ type: P.Type) -> martlet_plugin {
    let manifest = type.manifest
    var plugin = martlet_plugin()
    plugin.size = UInt32(MemoryLayout<martlet_plugin>.size)
    plugin.abi = UInt32(MARTLET_ABI_MAJOR) << 16 | UInt32(MARTLET_ABI_MINOR)
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
    if let state = P.Session.self as? any RestorableSession.Type {
        offered.append(makeStateExtension(state.stateSchema, state.checkpoints))
    }
    if let stateful = type as? any StatefulPlugin.Type { offered.append(makeInstanceStateExtension(stateful)) }
    if !manifest.operations.isEmpty { offered.append(makeOperationsExtension(manifest.operations)) }
    let extensions = permanent(offered)
    plugin.extensions = UnsafePointer(extensions.baseAddress)
    plugin.extension_count = extensions.count
    let required = permanent(manifest.requires.map { permanent($0.rawValue) })
    plugin.required_extensions = UnsafePointer(required.baseAddress)
    plugin.required_extension_count = required.count
    type.describeSession(in: &plugin)
    installInstance(&plugin)
    installSession(&plugin)
    return plugin
}

private func installInstance(_ plugin: inout martlet_plugin) {
    plugin.create = { descriptor, host, instance, options, state in
        guard let descriptor, let host, let instance, let options, let state else { return MARTLET_ERROR_ARGUMENT }
        do throws(OptionError) {
            state.pointee = try ExportedPlugin.type(of: descriptor).createInstance(host, instance, options)
            return MARTLET_OK
        } catch {
            guard !error.isTold else { return MARTLET_ERROR_ARGUMENT }
            withText(error.path) { path in
                withText(error.message) { host.pointee.refuse(instance, path, $0) }
            }
            return MARTLET_ERROR_ARGUMENT
        }
    }
    plugin.destroy = { if let state = $0 { state.pluginType.destroyInstance(state) } }
    plugin.loop_start = { env, loopState in
        guard let env, let loopState else { return MARTLET_ERROR_ARGUMENT }
        loopState.pointee = env.pluginType.startLoop(env)
        return MARTLET_OK
    }
    plugin.loop_stop = { if let env = $0, let state = env.pointee.loop_state { env.pluginType.stopLoop(state) } }
}

/// The callbacks find the type of the plugin in their instance.
private func installSession(_ plugin: inout martlet_plugin) {
    plugin.opened = { env, handle, opening, session in
        guard let env, let handle, let opening, let memory = session?.pointee else { return MARTLET_ERROR_ARGUMENT }
        return env.pluginType._openSession(memory, env, handle, opening) ? MARTLET_OK : MARTLET_ERROR_UNSUPPORTED
    }
    plugin.received = { env, session, handle, data, count, consumed in
        let env = env.unsafelyUnwrapped
        return env.pluginType._received(
            session.unsafelyUnwrapped, env, handle.unsafelyUnwrapped, data.unsafelyUnwrapped, count,
            consumed.unsafelyUnwrapped)
    }
    plugin.writable = { signal(.writable, $0, $1, $2) }
    plugin.timer = { signal(.timer, $0, $1, $2) }
    plugin.peer_closed = { signal(.peerClosed, $0, $1, $2) }
    plugin.draining = { signal(.draining, $0, $1, $2) }
    plugin.closed = { env, session, handle, reason in
        let env = env.unsafelyUnwrapped
        env.pluginType._closed(
            session.unsafelyUnwrapped, env, handle.unsafelyUnwrapped, CloseReason(rawValue: reason))
    }
}

private func signal(
    _ signal: SessionSignal, _ env: UnsafePointer<martlet_env>?, _ session: UnsafeMutableRawPointer?,
    _ handle: OpaquePointer?
) {
    let env = env.unsafelyUnwrapped
    env.pluginType._signal(signal, session.unsafelyUnwrapped, env, handle.unsafelyUnwrapped)
}
