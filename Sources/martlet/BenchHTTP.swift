import ArgumentParser
import LoadGenerator

extension Bench {
    struct HTTP: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "http",
            abstract: "Send GET requests to an HTTP listener on connections that are kept open.",
            discussion: """
                A connection that the server closes is counted and replaced. A request that was lost with it is sent again; its \
                latency counts from the first attempt. The exit status is 1 when an answer was wrong or missing; with \
                --no-cuts also when the server closed a connection.
                """)

        @Option(help: "Such as 127.0.0.1:8080, [::1]:8080 or unix:/path.")
        var address: String
        @Option(help: "Connections that send at the same time.")
        var connections = 64
        @Option(help: "How long to send, in seconds.")
        var seconds = 5.0
        @Option(help: "The processor to run on.")
        var cpu: Int?
        @OptionGroup var tls: TLSOptions
        @Flag(help: "Count a connection that the server closes as a failure.")
        var noCuts = false
        @Flag(help: "Print JSON for machines.")
        var json = false

        func run() throws {
            let report = try measure()
            if json { try printJSON(report) } else { show(report) }
            if !(noCuts ? report.isClean : report.isRight) { throw ExitStatus.refused }
        }

        private func measure() throws -> HTTPReport {
            try Bench.run { () throws(LoadError) in
                var load = HTTPLoad(address: try TargetAddress(address), ending: .after(.seconds(seconds)))
                load.connections = connections
                load.cpu = cpu
                load.tls = tls.settings
                return try load.run()
            }
        }

        private func show(_ report: HTTPReport) {
            printTable([
                ["requests", "\(report.requests) in \(report.durationSeconds) s"],
                ["per second", "\(Int(report.requestsPerSecond))"],
                Bench.latencyRow(report.latency),
                [
                    "ended",
                    "\(report.resets) reset, \(report.closes) closed by the server, \(report.lostRequests) requests lost",
                ],
                ["failures", "\(report.wrongAnswers) wrong, \(report.timeouts) timed out, \(report.errors) other"],
            ])
            if let failure = report.firstFailure { print("first failure: \(failure)") }
        }
    }
}
