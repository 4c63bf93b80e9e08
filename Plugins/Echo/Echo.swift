import MartletKit
import Synchronization

/// The Echo protocol (RFC 862): sends back every byte, unchanged, until the peer closes.
struct Echo: Plugin {
    static let manifest = Manifest(
        name: "echo", version: "1.0.0", summary: "Echo protocol (RFC 862): sends back every byte it receives",
        example: "printf hi | nc -q1 {host} {port}", threads: .both,
        operations: [
            Operation(
                "total_bytes", on: .loops, help: "Bytes sent back since the listener's last swap",
                function: { env in
                    Echo.operate(onLoop: env) { _, traffic in traffic.bytes.load(ordering: .relaxed) }
                } as @convention(c) (OperationEnv) -> UInt64)
        ])

    init(options: Options, host: Host<Echo>) throws(OptionError) {}

    func makeLoopState(loop: Int) -> Traffic { Traffic() }

    /// The traffic of one event loop. With `dispatch = "workers"` several threads count at the same time.
    final class Traffic: Sendable {
        let bytes = Atomic<UInt64>(0)
    }

    /// Stores nothing about its peer, and so can always move.
    struct Session: PlainSession {
        typealias Plugin = Echo
        static let layout = "echo.session/1"

        init(opening connection: Connection<Echo>) {}

        /// The host slows down a peer that sends but does not read: it presents no input while the queued output is above
        /// the high-water mark.
        mutating func received(_ input: Span<UInt8>, from connection: Connection<Echo>) -> Int {
            guard connection.write(input).isAccepted else { return 0 }
            connection.loop.bytes.wrappingAdd(UInt64(input.count), ordering: .relaxed)
            return input.count
        }
    }
}

@c(martlet_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { exportPlugin(Echo.self) }
