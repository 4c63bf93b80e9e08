import MartletKit

/// The Echo protocol (RFC 862): every byte comes back, unchanged, until the peer closes.
struct Echo: Plugin {
    static let manifest = Manifest(
        name: "echo", version: "1.0.0", summary: "Echo protocol (RFC 862): sends back every byte it receives",
        example: "printf hi | nc -q1 {host} {port}")

    init(options: Options, host: Host<Echo>) throws(OptionError) {}

    struct Session: MartletKit.Session {
        typealias Plugin = Echo

        init(opening connection: Connection<Echo>) {}

        /// A peer that sends and does not read is held back by the host: it presents no input while output waits above
        /// the high-water mark.
        mutating func received(_ input: Span<UInt8>, from connection: Connection<Echo>) -> Int {
            connection.write(input).isAccepted ? input.count : 0
        }
    }
}

@c(martlet_plugin_entry)
public func entry() -> UnsafeRawPointer { exportPlugin(Echo.self) }
