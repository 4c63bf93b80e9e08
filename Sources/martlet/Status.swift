import ArgumentParser
import Instances
import PluginHost
import Server
import Telemetry

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the state of the running server: listeners, connections, requests, bytes, memory.")

    @OptionGroup var server: ServerOptions

    func run() throws {
        guard let status = try server.ask(.status).status else { throw ExitStatus.refused }
        if server.json { return try printJSON(status) }
        showProcess(status)
        showStuckLoops(status)
        print("")
        showListeners(status)
        showLimits(status)
        showMetrics(status)
        showLastReload(status)
    }

    private func showProcess(_ status: StatusReport) {
        let totals = status.totals
        printTable(
            [
                ["version", "\(status.version), pid \(status.pid)"],
                ["uptime", formatSeconds(status.uptimeSeconds)],
                ["folder", status.pluginsDirectory],
                [
                    "loops",
                    "\(status.loops.count), accepting paused \(status.loops.reduce(0) { $0 + $1.pausesAtLimit }) times at a limit, "
                        + "\(status.loops.reduce(0) { $0 + $1.pausesForResources }) times for lack of descriptors or memory",
                ],
            ]
                + status.hosts.map { host in
                    let workers = host.report.workers
                    // Most servers have the one host.
                    let title = status.hosts.count == 1 ? "workers" : "workers (\(host.name))"
                    return [
                        title,
                        "\(workers.threads) of \(workers.minimum) to \(workers.maximum), running \(workers.running), queued "
                            + "\(workers.queued) of \(workers.queueLimit), done \(workers.completed), rejected \(workers.rejected)",
                    ]
                } + [
                    ["connections", "\(totals.open) open of \(status.connectionLimit), \(totals.accepted) accepted"],
                    ["requests", "\(totals.requests), \(totals.failedRequests) failed"],
                    ["bytes", "\(formatBytes(totals.bytesReceived)) received, \(formatBytes(totals.bytesSent)) sent"],
                    ["errors", "\(totals.faults) plugin faults, \(totals.refused) connections refused"],
                    [
                        "crashes",
                        "\(status.succession.adopted) connections went on in another host, \(status.succession.lostCount) were lost",
                    ],
                    [
                        "memory",
                        "\(formatBytes(status.residentBytes)) resident, \(formatBytes(UInt64(max(status.bufferBytes, 0)))) of buffers",
                    ],
                    [
                        "retired",
                        "\(status.retiredImages.count) images stay mapped: \(formatBytes(status.retiredImages.fileBytes)) of files, "
                            + "\(formatBytes(status.retiredImages.residentBytes)) resident, "
                            + "\(formatBytes(status.retiredImages.ownBytes)) of that private",
                    ],
                    ["descriptors", "\(status.fileDescriptors) of \(status.fileDescriptorLimit)"],
                    ["log", "\(status.logLinesDropped) lines dropped"],
                ])
    }

    /// Prints the stuck loops, and the callback that each is stuck in.
    private func showStuckLoops(_ status: StatusReport) {
        for host in status.hosts {
            let place = status.hosts.count == 1 ? "" : " of host \(host.name)"
            for loop in host.report.loops {
                if let reason = loop.stuckIn { print("event loop \(loop.index)\(place) \(reason)") }
            }
        }
    }

    private func showListeners(_ status: StatusReport) {
        var rows = [
            ["LISTENER", "STATE", "PLUGIN", "HASH", "GEN", "CONNS", "REQUESTS", "RECEIVED", "SENT", "ADDRESSES"]
        ]
        for listener in status.listeners {
            let generations = listener.generations.map { "\($0.generation)" }.joined(separator: ",")
            rows.append([
                listener.name, listener.state.rawValue, "\(listener.plugin) \(listener.version)",
                String(listener.hash.prefix(12)), generations, "\(listener.counts.open)",
                "\(listener.counts.requests)", formatBytes(listener.counts.bytesReceived),
                formatBytes(listener.counts.bytesSent), listener.endpoints.map(\.text).joined(separator: " "),
            ])
        }
        printTable(rows)
    }

    private func showLimits(_ status: StatusReport) {
        for listener in status.listeners where !listener.counts.limits.isEmpty {
            let hits = listener.counts.limits.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            print("\nlimits reached on \(listener.name): \(hits.joined(separator: ", "))")
        }
    }

    private func showMetrics(_ status: StatusReport) {
        for listener in status.listeners where !listener.metrics.isEmpty {
            print("")
            printTable(listener.metrics.flatMap { rows(of: $0, on: listener.name) })
        }
    }

    /// One for each series. Of a histogram: how many values, and their mean.
    private func rows(of metric: StatusReport.Metric, on listener: String) -> [[String]] {
        let name = "\(listener).\(metric.name)"
        guard !metric.series.isEmpty || !metric.labels.isEmpty else { return [[name, "\(metric.value)", metric.help]] }
        return metric.series.map { series in
            let mean = series.histogram.map { series.value > 0 ? ", mean \($0.sum / Double(series.value))" : "" } ?? ""
            let labels = metric.orderedLabels(of: series)
            return [printable(PrometheusText.series(name, labels)), "\(series.value)\(mean)", metric.help]
        }
    }

    /// Peers may have chosen the value of a label: a control character must not reach the terminal.
    private func printable(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            result.unicodeScalars.append(scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar)
        }
        return result
    }

    private func showLastReload(_ status: StatusReport) {
        guard let receipt = status.reloads.last else { return }
        print("")
        let results = status.reloadResults.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        print("reloads: \(results.joined(separator: ", ")); the last: \(receipt.summary)")
        printTable(
            receipt.entries.filter { $0.outcome != .unchanged }.map {
                [" ", $0.listener.isEmpty ? "-" : $0.listener, $0.outcome.text, $0.detail]
            })
    }
}
