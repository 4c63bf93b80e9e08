import ArgumentParser
import LoadGenerator

struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put load on a server and measure it.",
        subcommands: [Echo.self, HTTP.self, Idle.self, Handshakes.self])

    struct Echo: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send messages to an echo listener and check every byte that comes back.",
            discussion: "The exit status is 1 when a byte was lost or altered, or a connection failed.")

        @Option(help: "Such as 127.0.0.1:7000, [::1]:7000 or unix:/path.")
        var address: String
        @Option(help: "Connections that send at the same time.")
        var connections = 64
        @Option(help: "Bytes per message.")
        var size = 64
        @Option(help: "Messages in flight on each connection.")
        var depth = 1
        @Option(help: "How long to send, in seconds.")
        var seconds = 5.0
        @Option(help: "The processor to run on.")
        var cpu: Int?
        @OptionGroup var tls: TLSOptions
        @Option(help: "Seed for the content of the messages.")
        var seed: UInt64?
        @Flag(help: "Print JSON for machines.")
        var json = false

        func run() throws {
            let report = try measure()
            if json { try printJSON(report) } else { show(report) }
            if !report.isClean { throw ExitStatus.refused }
        }

        private func measure() throws -> EchoReport {
            try Bench.run { () throws(LoadError) in
                var load = EchoLoad(
                    address: try TargetAddress(address), ending: .after(.seconds(seconds)),
                    seed: seed ?? .random(in: 0 ... .max))
                load.connections = connections
                load.messageSize = size
                load.depth = depth
                load.tls = tls.settings
                load.cpu = cpu
                return try load.run()
            }
        }

        private func show(_ report: EchoReport) {
            printTable([
                ["messages", "\(report.messages) in \(report.durationSeconds) s"],
                ["per second", "\(Int(report.messagesPerSecond))"],
                Bench.latencyRow(report.latency),
                [
                    "failures",
                    "\(report.mismatches) altered, \(report.truncations) cut short, \(report.resets) reset, "
                        + "\(report.timeouts) timed out, \(report.errors) other",
                ],
                ["seed", "\(report.seed)"],
            ])
            if let failure = report.firstFailure { print("first failure: \(failure)") }
        }
    }

    struct Idle: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Open connections and hold them until standard input ends.",
            discussion: "Prints \"holding N\" once all are open.")

        @Option(help: "Such as 127.0.0.1:8080, [::1]:8080 or unix:/path.")
        var address: String
        @Option(help: "Connections to open.")
        var connections = 10_000
        @Flag(help: "Make one HTTP request on each connection first.")
        var http = false
        @OptionGroup var tls: TLSOptions

        func run() throws {
            try Bench.run { () throws(LoadError) in
                var options = IdleConnections.Options(address: try TargetAddress(address))
                options.count = connections
                options.makesHTTPRequest = http
                options.tls = tls.settings
                let held = try IdleConnections(options)
                print("holding \(held.count)")
                flushOutput()
                held.hold()
            }
        }
    }

    /// A load that cannot be run ends the command with a message.
    static func run<Result>(_ load: () throws(LoadError) -> Result) throws -> Result {
        do throws(LoadError) {
            return try load()
        } catch {
            printError(error.description)
            throw ExitStatus.refused
        }
    }

    static func latencyRow(_ latency: LatencySummary) -> [String] {
        [
            "latency",
            "p50 \(latency.p50Microseconds) us, p99 \(latency.p99Microseconds) us, p99.9 \(latency.p999Microseconds) us, "
                + "max \(latency.maxMicroseconds) us",
        ]
    }
}
