import CMartlet
import Engine
import Glibc
import Instances
import PluginABI

/// The host functions as a plugin gets them in a simulation: each calls the server's own, and looks at what the plugin does with the
/// memory that passes between the two. What the calls mean is decided there alone.
enum WatchedTable {
    nonisolated(unsafe) static let pointer: UnsafePointer<martlet_host> = {
        var table = server.pointee
        watchOutput(&table)
        watchControl(&table)
        watchQuestions(&table)
        watchWork(&table)
        table.extension = { instance, id in
            let functions = server.pointee.extension(instance, id)
            return switch functions {
            case UnsafeRawPointer(DatabaseFunctions.table): UnsafeRawPointer(WatchedDatabases.pointer)
            case UnsafeRawPointer(UserFunctions.table): UnsafeRawPointer(WatchedUsers.pointer)
            default: functions
            }
        }
        return permanent(table)
    }()

    private static func watchOutput(_ table: inout martlet_host) {
        table.reserve = { handle, count in
            let peer = watched(handle, "reserve")
            peer?.dropReservation()
            guard let place = server.pointee.reserve(handle, count) else { return nil }
            return peer?.reserve(count, at: place) ?? place
        }
        table.commit = { handle, count in
            let peer = watched(handle, "commit")
            peer?.reservation?.copy(count)
            peer?.dropReservation()
            return server.pointee.commit(handle, count)
        }
        table.write = { handle, data, count in
            watched(handle, "write")?.dropReservation()
            return server.pointee.write(handle, data, count)
        }
        table.write_shared = { handle, data, count, release, context in
            let loan = Loan(watched(handle, "write_shared"), data, count, release, context)
            return server.pointee.write_shared(handle, data, count, Loan.giveBack, loan.retained)
        }
        table.send_file = { handle, file, offset, length, release, context in
            let loan = Loan(watched(handle, "send_file"), nil, 0, release, context)
            return server.pointee.send_file(handle, file, offset, length, Loan.giveBack, loan.retained)
        }
    }

    private static func watchControl(_ table: inout martlet_host) {
        table.close = { server.pointee.close(seen($0, "close")) }
        table.abort = { server.pointee.abort(seen($0, "abort"), $1) }
        table.hand_over = { handle, listener in
            let peer = watched(handle, "hand_over")
            peer?.simulation.expectListener(String(listener))
            let result = server.pointee.hand_over(handle, listener)
            if result == MARTLET_OK { peer?.handedOverTo = String(listener) }
            return result
        }
        table.want = { server.pointee.want(seen($0, "want"), $1) }
        table.pause = { server.pointee.pause(seen($0, "pause")) }
        table.resume = { server.pointee.resume(seen($0, "resume")) }
        table.expect_input = { server.pointee.expect_input(seen($0, "expect_input"), $1) }
        table.set_timer = { server.pointee.set_timer(seen($0, "set_timer"), $1) }
    }

    private static func watchQuestions(_ table: inout martlet_host) {
        table.peer = { server.pointee.peer(seen($0, "peer", isQuestion: true), $1) }
        table.local = { server.pointee.local(seen($0, "local", isQuestion: true), $1) }
        table.id = { server.pointee.id(seen($0, "id", isQuestion: true)) }
        table.monotonic_time = { server.pointee.monotonic_time(seen($0, "monotonic_time", isQuestion: true)) }
        table.wall_clock = { server.pointee.wall_clock(seen($0, "wall_clock", isQuestion: true)) }
        table.request_done = { handle, request in
            let peer = watched(handle, "request_done", isQuestion: true)
            let result = server.pointee.request_done(handle, request)
            if result == MARTLET_OK, let peer, let request, let copy = martlet_request(request) {
                peer.host.requests.append(RequestRecord(connection: peer.number, copy))
            }
            return result
        }
    }

    private static func watchWork(_ table: inout martlet_host) {
        table.submit = { instance, connection, work, done, context in
            guard let work else { return MARTLET_ERROR_ARGUMENT }
            let errand = Errand(SimulatedHost.of(instance), work, done, context)
            let result = server.pointee.submit(
                instance, connection, Errand.run, done == nil ? nil : Errand.deliver, errand.retained)
            if result != MARTLET_OK { errand.drop() }
            return result
        }
        table.post = { instance, connection, delivery, context in
            guard let delivery else { return MARTLET_ERROR_ARGUMENT }
            let errand = Errand(SimulatedHost.of(instance), nil, delivery, context)
            let result = server.pointee.post(instance, connection, Errand.deliver, errand.retained)
            if result != MARTLET_OK { errand.drop() }
            return result
        }
    }
}

private var server: UnsafePointer<martlet_host> { HostTable.pointer }

/// The peer of a connection. A call about a connection whose session is gone is a broken rule that the engine does not see, and so is
/// a question outside of all calls.
func watched(
    _ handle: OpaquePointer?, _ function: StaticString, isQuestion: Bool = false
) -> SimulatedPeer? {
    guard let connection = ConnectionPointer(handle: handle), let peer = SimulatedPeer.of(connection) else {
        return nil
    }
    if peer.runningCalls == 0, !connection.pointee.state.isReached, isQuestion || !peer.isOpen {
        peer.host.note(Fault.outsideCallback("\(function)").text, peer)
    }
    return peer
}

/// The same, for a call that needs nothing else.
func seen(_ handle: OpaquePointer?, _ function: StaticString, isQuestion: Bool = false) -> OpaquePointer? {
    _ = watched(handle, function, isQuestion: isQuestion)
    return handle
}

/// What a plugin lent with `write_shared` or `send_file`. The memory must not change before its release.
private final class Loan {
    private let peer: SimulatedPeer?
    private let host: SimulatedHost?
    private let memory: UnsafeRawBufferPointer
    private let content: [UInt8]
    private let release: martlet_release?
    private let context: UnsafeMutableRawPointer?

    init(
        _ peer: SimulatedPeer?, _ data: UnsafeRawPointer?, _ count: Int, _ release: martlet_release?,
        _ context: UnsafeMutableRawPointer?
    ) {
        self.peer = peer
        host = peer?.host
        memory = UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : max(count, 0))
        content = Array(memory)
        self.release = release
        self.context = context
    }

    /// The context of `giveBack`, which the host calls exactly once.
    var retained: UnsafeMutableRawPointer { Unmanaged.passRetained(self).toOpaque() }

    static let giveBack: martlet_release = { loan in
        let loan = Unmanaged<Loan>.fromOpaque(loan!).takeRetainedValue()
        if loan.memory.count > 0, memcmp(loan.memory.baseAddress!, loan.content, loan.memory.count) != 0 {
            loan.host?.note("memory lent with write_shared changed before its release", loan.peer)
        }
        guard let release = loan.release else { return }
        loan.host?.begin(.release, nil)
        release(loan.context)
    }
}

/// What a plugin has submitted or posted.
private final class Errand {
    private let host: SimulatedHost
    private let work: martlet_work?
    private let delivery: martlet_delivery?
    private let context: UnsafeMutableRawPointer?

    init(
        _ host: SimulatedHost, _ work: martlet_work?, _ delivery: martlet_delivery?, _ context: UnsafeMutableRawPointer?
    ) {
        self.host = host
        self.work = work
        self.delivery = delivery
        self.context = context
    }

    /// The context of `run` and `deliver`; the last one of them frees it.
    var retained: UnsafeMutableRawPointer { Unmanaged.passRetained(self).toOpaque() }

    /// The host has refused it.
    func drop() { Unmanaged.passUnretained(self).release() }

    static let run: martlet_work = { errand in
        let errand = Unmanaged<Errand>.fromOpaque(errand!)
        let own = errand.takeUnretainedValue()
        own.host.begin(.work, nil)
        own.work?(own.context)
        if own.delivery == nil { errand.release() }
    }

    static let deliver: martlet_delivery = { env, errand, connection, session in
        let errand = Unmanaged<Errand>.fromOpaque(errand!).takeRetainedValue()
        guard let connection, let peer = SimulatedPeer.of(ConnectionPointer(connection)) else {
            errand.host.begin(.delivery, nil)
            errand.delivery?(env!, errand.context, nil, nil)
            return
        }
        callWatched(.delivery, env, session, peer) {
            errand.delivery?(env!, errand.context, connection, session)
        }
    }
}
