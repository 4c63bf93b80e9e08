import Engine
import HostInterface
import Instances
import PluginHost

/// What `martlet status` shows.
package struct StatusReport: Codable, Sendable {
    package typealias Loop = LoopReport

    /// What one host does.
    package struct Host: Codable, Sendable {
        /// "shared", "listener chat", "group payments"
        package var name: String
        package var report: RuntimeReport

        init(_ name: String, _ report: RuntimeReport) {
            self.name = name
            self.report = report
        }
    }

    package struct Generation: Codable, Sendable {
        package var generation: Int
        package var version: String
        package var hash: String
        package var connections: UInt64
        package var isCurrent: Bool
    }

    package struct Endpoint: Codable, Sendable, Equatable {
        /// As in `addresses`.
        package var address: String
        /// Absent when the listener's file gives none.
        package var name: String?

        /// `0.0.0.0:80 (public)`
        package var text: String { name.map { "\(address) (\($0))" } ?? address }
    }

    package struct Listener: Codable, Sendable {
        package enum State: String, Codable, Sendable {
            case running, stopping
            /// Refuses new connections: its plugin broke the rules too often (fault_limit).
            case refusing
        }

        package var name: String
        /// The host that runs its plugin.
        package var host: String
        package var file: String
        package var plugin: String
        package var version: String
        package var hash: String
        package var state: State
        /// With the ports that the kernel chose where the file says 0.
        package var addresses: [String]
        /// The same with their names, in the same order.
        package var endpoints: [Endpoint]
        /// What encrypts its connections; empty: they are not encrypted.
        package var certificates: [CertificateRow]
        /// A shell command to try the listener with; may be empty.
        package var example: String
        package var generations: [Generation]
        package var counts: ConnectionCounts
        /// The plugin's own metrics.
        package var metrics: [Metric]
    }

    package typealias Metric = MetricReport

    package var version: String
    package var pid: Int32
    package var uptimeSeconds: Double
    package var pluginsDirectory: String
    package var connectionLimit: Int
    package var totals: ConnectionCounts
    /// Of all processes of the server.
    package var residentBytes: UInt64
    /// Of the process that has the connections.
    package var fileDescriptors: Int
    package var fileDescriptorLimit: UInt64
    /// Log lines that could not be written, since the start.
    package var logLinesDropped: UInt64
    /// The shared one first.
    package var hosts: [Host]
    /// What plugins have opened, without what runs. Those of a host that does not answer are missing.
    package var databases: [DatabaseRow] = []
    package var listeners: [Listener]
    /// The latest receipts, oldest first.
    package var reloads: [Receipt]
    /// Number of reloads by result: done, refused, partial.
    package var reloadResults: [String: Int]

    /// What happened to the open sessions of swapped listeners, since the start.
    package var sessionMoves: SessionMoves

    /// What has become of the connections of hosts that have died, since the start.
    package var succession: Succession

    package var lastReload: Receipt? { reloads.last }

    /// Of all hosts.
    package var loops: [Loop] { hosts.flatMap(\.report.loops) }
    /// Memory in bytes for input and output that wait, including what is kept for reuse.
    package var bufferBytes: Int { hosts.reduce(0) { $0 + $1.report.bufferBytes } }
    /// Images that stay mapped although no generation runs them any more.
    package var retiredImages: RetiredImageReport {
        hosts.map(\.report.retiredImages).reduce(RetiredImageReport(), +)
    }
}
