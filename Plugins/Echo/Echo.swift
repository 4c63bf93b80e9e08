import MartletKit
import Synchronization

/// The Echo protocol (RFC 862): sends back every byte, unchanged, until the peer closes.
struct Echo: Plugin {
    static let manifest = Manifest(
        name: "echo", version: "1.0.0", summary: "Echo protocol (RFC 862): sends back every byte it receives",
        example: "printf hi | nc -q1 {host} {port}", threads: .both, operations: operations)

    init(options: Options, host: Host<Echo>) throws(OptionError) {}

    func makeLoopState(loop: Int) -> Traffic { Traffic() }

    static let operations = [
        Operation(
            "total_bytes", on: .loops, help: "Bytes sent back since the listener's last swap",
            function: { env in
                Echo.operate(onLoop: env) { _, traffic in traffic.bytes }
            } as @convention(c) (OperationEnv) -> UInt64)
    ]

    /// The traffic of one event loop. With `dispatch = "workers"` several threads count at the same time.
    struct Traffic {
        private let counter = Counter()
        private let memory: UnsafeMutablePointer<Atomic<UInt64>>

        init() { memory = counter.memory }

        @inline(__always)
        func add(_ count: Int) { memory.pointee.wrappingAdd(UInt64(count), ordering: .relaxed) }

        var bytes: UInt64 { memory.pointee.load(ordering: .relaxed) }

        /// Frees the memory when the loop state is destroyed.
        private final class Counter {
            let memory = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: 1)

            init() { memory.initialize(to: Atomic(0)) }

            deinit {
                memory.deinitialize(count: 1)
                memory.deallocate()
            }
        }
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
            connection.loop.add(input.count)
            return input.count
        }
    }
}

@c(martlet_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { exportPlugin(Echo.self) }
