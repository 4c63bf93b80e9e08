import CMartlet
import Engine
import Glibc
import PluginABI

/// The functions of a plugin as the engine gets them in a simulation: each calls the plugin's own, and looks at what it did to the memory
/// that it was given. The engine alone decides when which one is called.
enum WatchedCallbacks {
    static func around(_ functions: SessionCallbacks) -> SessionCallbacks {
        var watched = functions
        // There is always a `closed`, because the simulation wants to know why.
        watched.closed = { env, session, connection, reason in
            let (host, peer) = watchers(env, connection)
            peer.closeReason = reason
            peer.isAccepted = reason != MARTLET_CLOSED_HANDED_OVER
            callWatched(.closed, env, session, peer) { host.functions.closed?(env, session, connection, reason) }
            host.leave(session)
        }
        watched.opened = { env, connection, opening, session in
            let (host, peer) = watchers(env, connection)
            host.enter(session!.pointee)
            peer.hasReportedPointer = false
            let result = callWatched(.opened, env, session!.pointee, peer) {
                host.functions.opened(env, connection, opening, session)
            }
            peer.isAccepted = result == MARTLET_OK
            if result != MARTLET_OK { host.leave(session!.pointee) }
            return result
        }
        watched.writable = functions.writable == nil ? nil : { signal(.writable, \.writable, $0, $1, $2) }
        watched.timer =
            functions.timer == nil
            ? nil
            : {
                SimulatedHost.of($0).simulation.firedTimers += 1
                signal(.timer, \.timer, $0, $1, $2)
            }
        watched.peerClosed = functions.peerClosed == nil ? nil : { signal(.peerClosed, \.peerClosed, $0, $1, $2) }
        watched.draining = functions.draining == nil ? nil : { signal(.draining, \.draining, $0, $1, $2) }
        if functions.loopStart != nil {
            watched.loopStart = { env, state in
                SimulatedHost.of(env).begin(.loopStart, nil)
                return SimulatedHost.of(env).functions.loopStart!(env, state)
            }
        }
        if functions.loopStop != nil {
            watched.loopStop = { env in
                SimulatedHost.of(env).begin(.loopStop, nil)
                SimulatedHost.of(env).functions.loopStop!(env)
            }
        }
        if functions.layout.size > 0 { watched.layout.size += FencedMemory.fenceSize }
        watchInput(&watched)
        watchState(&watched)
        return watched
    }

    /// Presents the input in memory that is valid for this call only.
    private static func watchInput(_ watched: inout SessionCallbacks) {
        watched.received = { env, session, connection, data, count, consumed in
            let (host, peer) = watchers(env, connection)
            peer.presentations += 1
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
            memory.copyMemory(from: UnsafeRawBufferPointer(start: data, count: count))
            let result = callWatched(.received, env, session, peer) {
                host.functions.received(
                    env, session, connection, memory.baseAddress?.assumingMemoryBound(to: UInt8.self), count, consumed)
            }
            if count > 0, memcmp(memory.baseAddress!, data!, count) != 0 { host.note("wrote into its input", peer) }
            FencedMemory.spoil(memory)
            memory.deallocate()
            host.simulation.progress += consumed!.pointee
            return result
        }
    }

    private static func watchState(_ watched: inout SessionCallbacks) {
        // The first buffer is small, so that a session with more to say shows that it counts right.
        watched.state?.save = { env, session, connection, buffer, capacity, count in
            var offered = min(64, capacity)
            let (host, peer) = watchers(env, connection)
            for attempt in 1...2 {
                let memory = FencedMemory(count: offered)
                defer { memory.free() }
                count!.pointee = 0
                let result = callWatched(.save, env, session, peer) {
                    host.functions.state!.save(
                        env, session, connection, memory.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
                        offered, count)
                }
                guard memory.isFenceIntact else {
                    host.note("save wrote behind its buffer of \(offered) bytes", peer)
                    return MARTLET_ERROR_ARGUMENT
                }
                let needed = count!.pointee
                guard result == MARTLET_OK, needed > offered, needed <= capacity else {
                    if result >= 0, needed >= 0, needed <= offered {
                        UnsafeMutableRawPointer(buffer!).copyMemory(from: memory.bytes.baseAddress!, byteCount: needed)
                    }
                    return result
                }
                if attempt == 2 { host.note("save asked for \(offered) bytes, then for \(needed)", peer) }
                offered = needed
            }
            return MARTLET_ERROR_ARGUMENT
        }
        watched.state?.restore = { env, connection, version, data, count, session in
            let (host, peer) = watchers(env, connection)
            host.enter(session!.pointee)
            let result = callWatched(.restore, env, session!.pointee, peer) {
                host.functions.state!.restore(env, connection, version, data, count, session)
            }
            if result != MARTLET_OK { host.leave(session!.pointee) }
            return result
        }
        watched.state?.moved = { env, session, connection in
            signal(.moved, \.state?.moved, env, session, connection)
            SimulatedHost.of(env).leave(session)
        }
    }
}

private func watchers(
    _ env: SessionCallbacks.Env, _ connection: OpaquePointer?
) -> (SimulatedHost, SimulatedPeer) {
    let slot = ConnectionPointer(connection!)
    let peer = SimulatedPeer.of(slot)!
    peer.connection = slot
    return (SimulatedHost.of(env), peer)
}

/// Makes one call, and looks at what it leaves behind.
func callWatched<Result>(
    _ kind: CallbackKind, _ env: SessionCallbacks.Env, _ session: UnsafeMutableRawPointer?, _ peer: SimulatedPeer,
    _ body: () -> Result
) -> Result {
    let host = SimulatedHost.of(env)
    host.begin(kind, peer)
    peer.runningCalls += 1
    let result = body()
    peer.runningCalls -= 1
    peer.dropReservation()
    host.checkPlainSession(session, peer)
    return result
}

private func signal(
    _ kind: CallbackKind, _ function: KeyPath<SessionCallbacks, SessionCallbacks.Signal?>,
    _ env: SessionCallbacks.Env, _ session: UnsafeMutableRawPointer?, _ connection: OpaquePointer?
) {
    let (host, peer) = watchers(env, connection)
    callWatched(kind, env, session, peer) { host.functions[keyPath: function]?(env, session, connection) }
}

/// Sessions in the host's memory (`session_size`). A fence lies behind each.
extension SimulatedHost {
    fileprivate func enter(_ session: UnsafeMutableRawPointer?) {
        guard functions.layout.size > 0, let session else { return }
        FencedMemory.raiseFence(session + functions.layout.size)
    }

    /// After the last call of a session.
    fileprivate func leave(_ session: UnsafeMutableRawPointer?) {
        guard functions.layout.size > 0, let session else { return }
        if !FencedMemory.isIntact(session + functions.layout.size) {
            note("wrote behind its session", simulation.lastPeer)
        }
        FencedMemory.spoil(UnsafeMutableRawBufferPointer(start: session, count: functions.layout.size))
    }

    /// A session that is said to hold no pointers is looked at after each call.
    fileprivate func checkPlainSession(_ session: UnsafeMutableRawPointer?, _ peer: SimulatedPeer) {
        guard let name = functions.layout.plainName, let session, !peer.hasReportedPointer,
            let found = Mappings.firstPointer(
                in: UnsafeRawBufferPointer(start: session, count: functions.layout.size), of: descriptor)
        else { return }
        peer.hasReportedPointer = true
        note(
            "its session, which MARTLET_PLUGIN_PLAIN_SESSIONS says holds no pointers (\(name)), holds one at byte "
                + "\(found.offset), into \(found.mapping)", peer)
    }
}
