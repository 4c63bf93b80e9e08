import CMartlet
import Engine
import Glibc

/// The form of the session state that an echo saves and restores.
struct StateFormat {
    var schema = "echo"
    var version: UInt32 = 1
    /// `MARTLET_SESSION_…`
    var flags: UInt32 = 0
}

/// The functions of the echo, in their C form.
enum EchoSession {
    struct Session {
        var received: Int
        var generation: Int
    }

    static func of(_ session: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<Session> {
        session!.assumingMemoryBound(to: Session.self)
    }

    private static func make(_ received: Int, _ env: UnsafePointer<martlet_env>?) -> UnsafeMutableRawPointer {
        let made = UnsafeMutablePointer<Session>.allocate(capacity: 1)
        made.initialize(to: Session(received: received, generation: Int(bitPattern: env!.pointee.state)))
        return UnsafeMutableRawPointer(made)
    }

    /// The host keeps the sessions, which are plain.
    static var plain: martlet_plugin {
        var plugin = plugin(nil)
        plugin.flags = MARTLET_PLUGIN_PLAIN_SESSIONS
        plugin.session_layout = permanent("two numbers")
        plugin.session_size = MemoryLayout<Session>.size
        plugin.session_align = MemoryLayout<Session>.alignment
        plugin.opened = { env, _, _, session in
            let generation = Int(bitPattern: env!.pointee.state)
            EchoSession.of(session!.pointee).initialize(to: Session(received: 0, generation: generation))
            return MARTLET_OK
        }
        plugin.closed = nil
        return plugin
    }

    private static let order = Tally()

    /// Lent again and again, without a release function.
    nonisolated(unsafe) private static let lent: UnsafeMutableRawPointer = {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: lentCount, alignment: 1)
        return memset(memory, 0x6C, lentCount)
    }()
    static let lentCount = 1 << 20

    /// - Parameter format: nil: the sessions cannot move.
    static func plugin(_ format: StateFormat?) -> martlet_plugin {
        var plugin = martlet_plugin()
        plugin.opened = { env, _, _, session in
            session!.pointee = EchoSession.make(0, env)
            return MARTLET_OK
        }
        plugin.received = { _, session, handle, data, count, consumed in
            let connection = ConnectionPointer(handle: handle)!
            // Waits for the end of a message.
            if data![0] == UInt8(ascii: "k"), data![count - 1] != UInt8(ascii: "e") { return MARTLET_OK }
            EchoSession.of(session).pointee.received += count
            let reply =
                switch UnicodeScalar(data![0]) {
                case "?": "\(EchoSession.of(session).pointee.generation)"
                case "#": "\(connection.id.rawValue)"
                case "n": "\(EchoSession.of(session).pointee.received)"
                case "o": "\(EchoSession.order.add(1))"
                default: ""
                }
            if data![0] == UInt8(ascii: "w") {
                for number in 0..<count * 256 { _ = EchoSession.writeNumbers(connection, number) }
            } else if data![0] == UInt8(ascii: "l") {
                for _ in 0..<count {
                    _ = connection.writeShared(EchoSession.lent, EchoSession.lentCount, release: nil, context: nil)
                }
            } else if reply.isEmpty {
                _ = connection.write(data, count)
            } else {
                _ = connection.write(reply, reply.utf8.count)
            }
            consumed!.pointee = count
            return MARTLET_OK
        }
        plugin.timer = { _, _, handle in _ = ConnectionPointer(handle: handle)!.write("timer", 5) }
        plugin.closed = { _, session, _, _ in EchoSession.of(session).deallocate() }
        if let format { offer(state(format), of: &plugin) }
        return plugin
    }

    /// 4 KiB: a number, again and again.
    private static func writeNumbers(_ connection: ConnectionPointer, _ number: Int) -> Int32 {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: 512) { numbers in
            numbers.initialize(repeating: number)
            return connection.write(numbers.baseAddress, 4_096)
        }
    }

    private static func state(_ format: StateFormat) -> martlet_session_state {
        var state = martlet_session_state()
        state.size = UInt32(MemoryLayout<martlet_session_state>.size)
        (state.version, state.oldest, state.newest) = (format.version, format.version, format.version)
        state.schema = permanent(format.schema)
        state.flags = format.flags
        state.save = { _, session, _, memory, capacity, length in
            length!.pointee = MemoryLayout<Int>.size
            if capacity >= MemoryLayout<Int>.size {
                UnsafeMutableRawPointer(memory!).storeBytes(of: EchoSession.of(session).pointee.received, as: Int.self)
            }
            return MARTLET_OK
        }
        state.restore = { env, _, _, memory, _, session in
            session!.pointee = EchoSession.make(UnsafeRawPointer(memory!).loadUnaligned(as: Int.self), env)
            return MARTLET_OK
        }
        state.moved = { _, session, _ in EchoSession.of(session).deallocate() }
        return state
    }

    /// Uses memory that is never freed, like the memory of an image.
    private static func offer(_ state: martlet_session_state, of plugin: inout martlet_plugin) {
        let functions = UnsafeMutablePointer<martlet_session_state>.allocate(capacity: 1)
        functions.initialize(to: state)
        let offered = UnsafeMutablePointer<martlet_extension>.allocate(capacity: 1)
        offered.initialize(to: martlet_extension())
        offered.pointee.size = UInt32(MemoryLayout<martlet_extension>.size)
        offered.pointee.id = permanent(MARTLET_SESSION_STATE)
        offered.pointee.functions = UnsafeRawPointer(functions)
        plugin.extensions = UnsafePointer(offered)
        plugin.extension_count = 1
    }

    private static func permanent(_ text: String) -> martlet_text {
        martlet_text(data: UnsafePointer(strdup(text)), length: text.utf8.count)
    }
}
