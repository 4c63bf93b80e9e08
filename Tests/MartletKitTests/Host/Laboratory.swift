import MartletKit
import Synchronization

/// A plugin that calls host functions as its peer asks, and counts its live objects.
struct Laboratory: Plugin {
    static let manifest = Manifest(
        name: "laboratory", version: "1.0.0", summary: "Tries what the host offers",
        options: [Option("mark", .text(), default: "\"a\"", help: "Tells generations apart")])

    /// Sessions and jobs own tokens. The count shows a token that leaks or is released twice.
    final class Token: Sendable {
        static let alive = Atomic<Int>(0)
        init() { Self.alive.wrappingAdd(1, ordering: .relaxed) }
        deinit { Self.alive.wrappingSubtract(1, ordering: .relaxed) }
    }

    let host: Host<Laboratory>
    let mark: String
    let requests: Metric<Laboratory>
    let open: Metric<Laboratory>

    init(options: Options, host: Host<Laboratory>) throws(OptionError) {
        self.host = host
        mark = try options.text("mark")
        requests = host.counter("requests_total", help: "Commands")
        open = host.gauge("open", help: "Sessions")
        if mark == "bad metrics" { _ = (host.gauge("two words", help: ""), host.counter("open", help: "")) }
        host.info("\(host.listener) \(host.generation) \(host.loopCount) \(host.workerCount)")
    }

    struct Session: RestorableSession {
        typealias Plugin = Laboratory
        static let stateSchema = StateSchema("laboratory.session", version: 1, restores: 1...1)

        let token = Token()
        var answers = 0
        var isWaiting = false

        init?(opening connection: Connection<Laboratory>) {
            if case .unix = connection.peer.family { return nil }
            connection.plugin.open.add()
        }

        init?(restoring state: RawSpan, version: UInt32, on connection: Connection<Laboratory>) {
            guard state.byteCount == 8 else { return nil }
            answers = Int(state.unsafeLoadUnaligned(as: Int64.self))
        }

        func save(into state: inout SavedState) -> SaveOutcome {
            if isWaiting { return .notNow }
            state.append(Int64(answers))
            return .saved
        }

        mutating func received(_ input: Span<UInt8>, from connection: Connection<Laboratory>) -> Int {
            connection.plugin.requests.add()
            for index in input.indices { run(Character(Unicode.Scalar(input[index])), connection) }
            return input.count
        }

        mutating func timerFired(_ connection: Connection<Laboratory>) { connection.write("!") }

        mutating func closed(_ connection: Connection<Laboratory>, reason: CloseReason) {
            connection.plugin.open.add(-1)
            connection.log(.debug, "closed: \(reason)")
        }

        private mutating func run(_ command: Character, _ connection: Connection<Laboratory>) {
            switch command {
            case "s", "w":
                isWaiting = command == "w"
                connection.write("\(Laboratory.submit(for: connection)) ")
            case "f": Laboratory.submitForever(connection.services, Token())
            case "p": connection.log(.info, "\(connection.peer)")
            case "t": connection.setTimer(after: .milliseconds(1_500))
            case "T": connection.setTimer(after: .nanoseconds(1))
            case "c": connection.cancelTimer()
            case "g": connection.plugin.open.set(42)
            case "C": connection.close()
            case "?": connection.write("\(connection.plugin.mark)\(answers) ")
            default: break
            }
        }
    }

    /// Submits a job whose completion submits it again, until the host refuses it.
    static func submitForever(_ host: Host<Laboratory>, _ token: Token) {
        let result = host.submit {
        } done: { _, _ in
            submitForever(host, token)
        }
        if !result.isAccepted { host.warning("the last was refused: \(result)") }
    }

    /// Submits a job that owns a token until it is delivered.
    static func submit(for connection: Connection<Laboratory>) -> HostResult {
        let token = Token()
        let host = connection.services
        return host.submit(for: connection.id) {
            withExtendedLifetime(token) { 6 * 7 }
        } done: { answer, access in
            host.debug("done \(answer) \(access == nil ? "alone" : "there")")
            guard let access else { return }
            access.session.answers += 1
            access.session.isWaiting = false
            access.connection.write("=\(answer) ")
            withExtendedLifetime(token) {}
        }
    }
}
