import ArgumentParser
import LoadGenerator
import TLSClient

extension Bench {
    struct Handshakes: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Open connections with TLS, one after another, and close each after the handshake.",
            discussion: "With TLS 1.3, the server must send session tickets, as Martlet does unless tickets = false.")

        @Option(help: "Such as 127.0.0.1:8443, [::1]:8443 or unix:/path.")
        var address: String
        @Option(help: "How long to go on, in seconds.")
        var seconds = 5.0
        @Flag(help: "Continue the session of the first connection on all others.")
        var resume = false
        @Option(help: "The processor to run on.")
        var cpu: Int?
        @OptionGroup var tls: TLSOptions
        @Flag(help: "Print JSON for machines.")
        var json = false

        func validate() throws {
            guard tls.tls else { throw ValidationError("expected --tls: there is no handshake without it") }
        }

        func run() throws {
            let report = try measure()
            if json { try printJSON(report) } else { show(report) }
        }

        private func measure() throws -> HandshakeReport {
            try Bench.run { () throws(LoadError) in
                var settings = tls.settings ?? TLSClientSettings()
                settings.resumes = resume
                var load = HandshakeLoad(
                    address: try TargetAddress(address), tls: settings, duration: .seconds(seconds))
                load.cpu = cpu
                return try load.run()
            }
        }

        private func show(_ report: HandshakeReport) {
            printTable([
                ["handshakes", "\(report.handshakes) in \(report.durationSeconds) s, \(report.resumed) resumed"],
                ["per second", "\(Int(report.handshakesPerSecond))"],
                Bench.latencyRow(report.latency),
            ])
        }
    }
}
