import Instances
import PluginHost

/// What `martlet status` shows.
package struct StatusReport: Codable, Sendable {
    package struct Loop: Codable, Sendable {
        package var index: Int
        package var turns: UInt64
        /// How often accepting paused: at a configured limit, and for lack of descriptors or memory.
        package var pausesAtLimit: UInt64
        package var pausesForResources: UInt64
        /// Plugins' posts and completions that wait for the loop or have a place reserved.
        package var deliveries: Int
        /// Set while the loop is stuck: what it is doing.
        package var stuckIn: String?
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
        package var file: String
        package var plugin: String
        package var version: String
        package var hash: String
        package var state: State
        /// With the ports that the kernel chose where the file says 0.
        package var addresses: [String]
        /// The same with their names, in the same order.
        package var endpoints: [Endpoint]
        /// A shell command to try the listener with; may be empty.
        package var example: String
        package var generations: [Generation]
        package var counts: ConnectionCounts
        /// The plugin's own metrics.
        package var metrics: [Metric]
    }

    package struct Metric: Codable, Sendable {
        package var name: String
        package var kind: String
        package var help: String
        /// The sum of its series; of a histogram: how many values were counted.
        package var value: Int64
        /// The names of its labels.
        package var labels: [String] = []
        /// Of a metric with labels, and of a histogram.
        package var series: [Series] = []

        package struct Series: Codable, Sendable {
            package var labels: [String: String]
            package var value: Int64
            /// nil: its metric is no histogram.
            package var histogram: Histogram?
        }

        package struct Histogram: Codable, Sendable {
            package var sum: Double
            package var buckets: [Bucket]
        }

        package struct Bucket: Codable, Sendable {
            /// nil: no bound.
            package var bound: Double?
            /// The values up to the bound, and above the bound before it.
            package var count: UInt64
        }
    }

    package var version: String
    package var pid: Int32
    package var uptimeSeconds: Double
    package var pluginsDirectory: String
    package var loops: [Loop]
    package var workers: WorkersReport
    package var connectionLimit: Int
    /// Memory in bytes for input and output that wait, including what is kept for reuse.
    package var bufferBytes: Int
    package var totals: ConnectionCounts
    package var residentBytes: UInt64
    /// Images that stay mapped although no generation runs them any more.
    package var retiredImages: RetiredImageReport
    package var fileDescriptors: Int
    package var fileDescriptorLimit: UInt64
    /// Log lines that could not be written, since the start.
    package var logLinesDropped: UInt64
    package var listeners: [Listener]
    /// The latest receipts, oldest first.
    package var reloads: [Receipt]
    /// Number of reloads by result: done, refused, partial.
    package var reloadResults: [String: Int]

    /// What happened to the open sessions of swapped listeners, since the start.
    package var sessionMoves: SessionMoves

    package var lastReload: Receipt? { reloads.last }
}
