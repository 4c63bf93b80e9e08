import HTTPWire
import MartletKit

/// HTTP/1.1 and HTTP/1.0 (RFC 9110, RFC 9112): fixed answers, static files and an echo.
///
/// `HTTPWire` parses requests, `Routes` finds the route, and `Answers` and `Files` write the answer. A session only connects
/// these steps.
struct HTTP: Plugin {
    typealias Session = HTTPSession
    typealias LoopState = HTTPLoop

    static let manifest = Manifest(
        name: "http", version: "1.0.0", summary: "HTTP/1.1 and 1.0: fixed answers, static files, echo",
        example: "curl http://{host}:{port}/", options: Settings.schema, operations: operations)

    let settings: Settings
    let routes: RouteTable
    let metrics: Metrics

    init(options: Options, host: Host<HTTP>) throws(OptionError) {
        settings = try Settings(options)
        routes = try RouteTable(RouteDescription.all(in: options), server: settings.server)
        metrics = Metrics(host)
    }

    func makeLoopState(loop: Int) -> HTTPLoop { HTTPLoop(settings: settings, routes: routes) }

    /// The metrics that the host cannot compute. It counts requests, failures and latency itself, from `requestDone`.
    struct Metrics {
        private let malformedRequests: LabelledMetric<HTTP>
        let fileCacheHits: Metric<HTTP>
        let fileCacheMisses: Metric<HTTP>

        init(_ host: Host<HTTP>) {
            malformedRequests = host.counter(
                "malformed_requests_total", help: "Requests refused for their syntax, framing or size.",
                labels: ["status"])
            fileCacheHits = host.counter(
                "file_cache_hits_total", help: "Answers from a file that was already open.")
            fileCacheMisses = host.counter(
                "file_cache_misses_total",
                help: "Files opened, or opened again after a second to check for changes.")
        }

        /// The status says what is wrong with them. Not on the hot path: the connection ends.
        func countMalformed(_ status: StatusCode) { malformedRequests.series("\(status.number)").add() }
    }
}

@c(martlet_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { exportPlugin(HTTP.self) }
