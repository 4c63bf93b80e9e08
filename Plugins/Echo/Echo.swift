import MartletKit

/// The Echo protocol (RFC 862): every byte comes back, unchanged, until the peer closes.
struct Echo: Plugin {
    static let manifest = Manifest(
        name: "echo", version: "1.0.0", summary: "Echo protocol (RFC 862): sends back every byte it receives",
        example: "printf hi | nc -q1 {host} {port}", threads: .both)

    init(options: Options, host: Host<Echo>) throws(OptionError) {}

    /// Knows nothing of its peer, and so can always move.
    struct Session: RestorableSession {
        typealias Plugin = Echo

        static let stateSchema = StateSchema("echo.session", version: 1, restores: 1...1)

        init(opening connection: Connection<Echo>) {}

        init(restoring state: RawSpan, version: UInt32, on connection: Connection<Echo>) {}

        func save(into state: inout SavedState) -> SaveOutcome { .saved }

        /// A peer that sends and does not read is held back by the host: it presents no input while output waits above
        /// the high-water mark.
        mutating func received(_ input: Span<UInt8>, from connection: Connection<Echo>) -> Int {
            connection.write(input).isAccepted ? input.count : 0
        }
    }
}

@c(martlet_plugin_entry)
public func entry() -> UnsafeRawPointer { exportPlugin(Echo.self) }
