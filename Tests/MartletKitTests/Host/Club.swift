import MartletKit
import Synchronization

/// A plugin that uses groups, other connections, timers and the state of the instance as the lines of its peer ask.
struct Club: Plugin, StatefulPlugin {
    static let manifest = Manifest(
        name: "club", version: "1.0.0", summary: "Tries what connections share",
        options: [Option("fault", .text(), default: "\"\"", help: "What goes wrong when the state moves")],
        requires: [.loops, .groups])
    static let stateSchema = StateSchema("club.pieces", version: 2, restores: 1...2)

    /// Closures own tokens. The count shows a closure that leaks or is released twice.
    final class Token: Sendable {
        static let alive = Atomic<Int>(0)
        init() { Self.alive.wrappingAdd(1, ordering: .relaxed) }
        deinit { Self.alive.wrappingSubtract(1, ordering: .relaxed) }
    }

    final class Shared: Sendable {
        let pieces = Mutex<[String]>([])
        let timers = Mutex<[InstanceTimer<Club>]>([])
        let ticks = Atomic<Int>(0)
    }

    let host: Host<Club>
    let fault: String
    let shared = Shared()

    init(options: Options, host: Host<Club>) throws(OptionError) {
        self.host = host
        fault = try options.text("fault")
    }

    struct LoopState { var visits = 0 }
    func makeLoopState(loop: Int) -> LoopState { LoopState() }

    // MARK: State

    func save(into state: inout SavedPieces) throws(StateError) {
        switch fault {
        case "empty piece": try state.put([UInt8]().span)
        case "large piece": try state.put([UInt8](repeating: 1, count: (1 << 20) + 1).span)
        case "caught": do { try state.put([UInt8]().span) } catch {}
        case "save": throw StateError("there is too much of it")
        default: break
        }
        for piece in shared.pieces.withLock({ $0 }) { try state.put { $0.append(piece) } }
    }

    func restore(_ piece: RawSpan, version: UInt32) throws(StateError) {
        guard fault != "restore" else { throw StateError("expected a piece that I like") }
        var position = 0
        guard version == 2, let text = piece.text(at: &position), position == piece.byteCount else {
            throw StateError("found \(piece.byteCount) bytes of version \(version)")
        }
        shared.pieces.withLock { $0.append(text) }
    }

    func finishRestoring() throws(StateError) {
        guard fault != "finish" else { throw StateError("expected more") }
        host.info("restored \(shared.pieces.withLock { $0.count })")
    }

    func stateMoved() { host.info("the state has moved") }

    // MARK: Sessions

    struct Session: PlainSession {
        typealias Plugin = Club
        static let layout = "club.session/1"

        init(opening connection: Connection<Club>) { connection.loop.visits += 1 }

        mutating func received(_ input: Span<UInt8>, from connection: Connection<Club>) -> Int {
            for line in String(decoding: input).split(separator: "\n") {
                let words = line.split(separator: " ", maxSplits: 2).map(String.init)
                run(words[0], words.count > 1 ? words[1] : "", words.count > 2 ? words[2] : "", connection)
            }
            return input.count
        }

        private func run(_ command: String, _ first: String, _ second: String, _ connection: Connection<Club>) {
            let (club, host, id) = (connection.plugin, connection.services, connection.id)
            switch command {
            case "join": connection.writeLine("\(connection.join(first))")
            case "join-strictly":
                connection.writeLine("\(connection.join(first, policy: .close, backlog: Int(second) ?? 0))")
            case "leave": connection.writeLine("\(connection.leave(first))")
            case "send": connection.writeLine("\(host.send(second + "\n", to: first))")
            case "send-others":
                connection.writeLine("\(host.send(Array("\(second)\n".utf8).span, to: first, except: id))")
            case "count": connection.writeLine("\(host.memberCount(of: first))")
            case "tell":
                guard let other = connection.other(ConnectionID(rawValue: UInt64(first) ?? 0)) else {
                    connection.writeLine("not here")
                    return
                }
                other.write("psst, ")
                connection.writeLine("\(other.writeLine(second)) \(other.peer)")
                if second == "bye" { other.close() }
            case "post": connection.writeLine("\(Club.post(toLoop: Int(first) ?? -1, host, id))")
            case "add": club.shared.pieces.withLock { $0.append(first) }
            case "pieces": connection.writeLine(club.shared.pieces.withLock { $0 }.joined(separator: " "))
            case "ticks": connection.writeLine("\(club.shared.ticks.load(ordering: .relaxed))")
            case "cancel": connection.writeLine("\(club.shared.timers.withLock { $0.removeFirst().cancel() })")
            default: club.start(command, .milliseconds(Int(first) ?? 0), loop: Int(second) ?? 0, connection)
            }
        }
    }

    /// The answer goes to the connection: from the loop itself if it is there, else by another delivery.
    private static func post(toLoop loop: Int, _ host: Host<Club>, _ id: ConnectionID) -> HostResult {
        let token = Token()
        return host.post(toLoop: loop) { access in
            withExtendedLifetime(token) {}
            guard let access else { return }
            let line = "loop \(access.index) had \(access.loop.visits) visits"
            if let connection = access.connection(id) {
                connection.writeLine(line)
            } else {
                _ = access.services.post(to: id) { $0?.connection.writeLine("elsewhere: \(line)") }
            }
        }
    }

    private func start(_ kind: String, _ time: Duration, loop: Int, _ connection: Connection<Club>) {
        let (token, id) = (Token(), connection.id)
        let onLoop = { @Sendable (access: LoopAccess<Club>) in
            withExtendedLifetime(token) {}
            access.connection(id)?.writeLine("tick")
        }
        let onWorker = { @Sendable (club: Club) in
            withExtendedLifetime(token) {}
            _ = club.shared.ticks.wrappingAdd(1, ordering: .relaxed)
        }
        let timer =
            switch kind {
            case "every": host.every(time, onLoop: loop, onLoop)
            case "after": host.after(time, onLoop: loop, onLoop)
            case "work-every": host.every(time, onWorker: onWorker)
            default: host.after(time, onWorker: onWorker)
            }
        connection.writeLine("\(timer.result)")
        shared.timers.withLock { $0.append(timer) }
    }
}
