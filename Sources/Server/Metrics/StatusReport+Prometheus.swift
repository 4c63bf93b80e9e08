import Configuration
import ConfiguredInstances
import Engine
import HostInterface
import Instances
import PluginHost
import Telemetry

extension StatusReport {
    /// The whole report in the text format of Prometheus. Counters start at 0 with the process.
    package func prometheus() -> String {
        var text = PrometheusText()
        addProcess(to: &text)
        addLog(to: &text)
        addReloads(to: &text)
        addSuccession(to: &text)
        for host in hosts { host.add(to: &text) }
        for database in databases { database.add(to: &text) }
        for listener in listeners { listener.add(to: &text) }
        return text.text
    }

    private func addProcess(to text: inout PrometheusText) {
        text.add(
            .gauge, "martlet_build_info", help: "The version of this server.", [("version", version)], 1)
        text.add(.gauge, "martlet_uptime_seconds", help: "Time since the start.", uptimeSeconds)
        text.add(
            .gauge, "martlet_connection_limit", help: "max_connections.", Double(connectionLimit))
        text.add(
            .gauge, "martlet_buffer_bytes", help: "Memory for input and output that wait.", Double(bufferBytes))
        text.add(
            .gauge, "process_resident_memory_bytes", help: "Resident memory size in bytes.", Double(residentBytes))
        text.add(
            .gauge, "martlet_retired_images", help: "Images that stay mapped although no generation runs them.",
            Double(retiredImages.count))
        text.add(
            .gauge, "martlet_retired_image_file_bytes",
            help: "Size of the files of retired images in the runtime directory.", Double(retiredImages.fileBytes))
        text.add(
            .gauge, "martlet_retired_image_resident_bytes",
            help: "Resident memory of retired images, measured when each retired.", Double(retiredImages.residentBytes))
        text.add(.gauge, "process_open_fds", help: "Number of open file descriptors.", Double(fileDescriptors))
        text.add(
            .gauge, "process_max_fds", help: "Maximum number of open file descriptors.", Double(fileDescriptorLimit))
    }

    private func addLog(to text: inout PrometheusText) {
        text.add(
            .counter, "martlet_log_lines_dropped_total", help: "Log lines that could not be written.",
            Double(logLinesDropped))
    }

    private func addSuccession(to text: inout PrometheusText) {
        text.add(
            .counter, "martlet_connections_adopted_total",
            help: "Connections that have gone on after the death of their host.",
            Double(succession.adopted))
        for reason in Loss.allCases {
            text.add(
                .counter, "martlet_connections_lost_total",
                help: "Connections that have ended with their host, by reason.",
                [("reason", reason.rawValue)], Double(succession.lost[reason] ?? 0))
        }
    }

    private func addReloads(to text: inout PrometheusText) {
        for result in [Receipt.Result.done, .partial, .refused] {
            text.add(
                .counter, "martlet_reloads_total", help: "Reloads by result; the start counts as one.",
                [("result", result.rawValue)], Double(reloadResults[result.rawValue] ?? 0))
        }
        for (name, count) in [
            ("migrated", sessionMoves.migrated), ("waiting", sessionMoves.waiting), ("pinned", sessionMoves.pinned),
        ] {
            text.add(
                .counter, "martlet_reload_sessions_total",
                help: "Open sessions of swapped listeners, by outcome.",
                [("outcome", name)], Double(count))
        }
        guard let last = lastReload else { return }
        text.add(
            .gauge, "martlet_last_reload_success", help: "1 when the last reload refused nothing, else 0.",
            last.isRefused ? 0 : 1)
        text.add(
            .gauge, "martlet_last_reload_seconds", help: "How long the last reload took.", last.milliseconds / 1_000)
        text.add(
            .gauge, "martlet_last_reload_sequence", help: "Number of the last reload, from 1.", Double(last.sequence))
    }

}

extension StatusReport.Host {
    fileprivate func add(to text: inout PrometheusText) {
        // The shared host has no label: most servers have no other.
        let label: [PrometheusText.Label] = name == ListenerConfiguration.sharedHost ? [] : [("host", name)]
        addLoops(to: &text, label)
        report.workers.add(to: &text, label)
    }

    private func addLoops(to text: inout PrometheusText, _ host: [PrometheusText.Label]) {
        for loop in report.loops {
            let label = host + [(name: "loop", value: "\(loop.index)")]
            text.add(.counter, "martlet_loop_turns_total", help: "Turns of an event loop.", label, Double(loop.turns))
            text.add(
                .gauge, "martlet_loop_stuck", help: "1 while an event loop does not turn (loop_timeout).", label,
                loop.stuckIn == nil ? 0 : 1)
            text.add(
                .gauge, "martlet_loop_deliveries",
                help: "Plugins' posts and completions that wait for the loop or have a place reserved.", label,
                Double(loop.deliveries))
            for (reason, count) in [("limit", loop.pausesAtLimit), ("resources", loop.pausesForResources)] {
                text.add(
                    .counter, "martlet_accept_pauses_total", help: "Times that an event loop stopped accepting.",
                    label + [("reason", reason)], Double(count))
            }
        }
    }
}

extension WorkersReport {
    fileprivate func add(to text: inout PrometheusText, _ host: [PrometheusText.Label]) {
        for (state, count) in [("running", running), ("idle", max(threads - running, 0))] {
            text.add(.gauge, "martlet_workers", help: "Worker threads.", host + [("state", state)], Double(count))
        }
        text.add(.gauge, "martlet_worker_queue_length", help: "Jobs that wait for a worker.", host, Double(queued))
        for (state, count) in [("submitted", submitted), ("completed", completed), ("rejected", rejected)] {
            text.add(
                .counter, "martlet_worker_jobs_total", help: "Jobs for workers.", host + [("state", state)],
                Double(count))
        }
        for (quantile, value) in [
            ("0.5", delayP50Microseconds), ("0.99", delayP99Microseconds), ("1", delayWorstMicroseconds),
        ] {
            text.add(
                .summary, "martlet_worker_queue_delay_seconds",
                help: "How long jobs waited for a worker, since the start.",
                host + [("quantile", quantile)], value / 1e6)
        }
    }
}

extension StatusReport.Listener {
    fileprivate func add(to text: inout PrometheusText) {
        let label = [(name: "listener", value: name)]
        text.add(
            .gauge, "martlet_listener_info", help: "The plugin that a listener runs.",
            label + [("plugin", plugin), ("version", version), ("hash", hash), ("state", state.rawValue)], 1)
        text.add(.gauge, "martlet_generations", help: "Live generations.", label, Double(generations.count))
        if let current = generations.first(where: \.isCurrent) {
            text.add(
                .gauge, "martlet_generation", help: "The generation that gets new connections.", label,
                Double(current.generation))
        }
        for row in certificates {
            text.add(
                .gauge, "martlet_certificate_expiry_seconds", help: "Time until a certificate expires.",
                label + [("fingerprint", row.certificate.fingerprint)], Double(row.secondsLeft))
        }
        text.add(.gauge, "martlet_connections", help: "Open connections.", label, Double(counts.open))
        text.add(
            .gauge, "martlet_loans", help: "Memory and files that the plugin lent as output and has not got back.",
            label,
            Double(counts.loans))
        let totals: [(name: String, help: String, value: UInt64)] = [
            ("accepted", "Connections accepted.", counts.accepted),
            ("refused", "Connections refused, by limits and by the plugin.", counts.refused),
            ("peer_errors", "Connections that the plugin gave up because the peer misbehaved.", counts.peerErrors),
            ("failures", "Connections that the plugin gave up because it failed.", counts.failures),
            ("requests", "Requests that the plugin reported, failed ones included.", counts.requests),
            ("failed_requests", "Requests that the plugin reported as failed.", counts.failedRequests),
            ("received_bytes", "Bytes received.", counts.bytesReceived),
            ("sent_bytes", "Bytes sent.", counts.bytesSent),
            ("faults", "Violations of the plugin ABI's rules.", counts.faults),
            (
                "lost_deliveries",
                "Posts and completions dropped because their session could not move to their generation.",
                counts.lostDeliveries
            ),
        ]
        for total in totals {
            text.add(.counter, "martlet_\(total.name)_total", help: total.help, label, Double(total.value))
        }
        for limit in Limit.allCases {
            text.add(
                .counter, "martlet_limit_hits_total", help: "Times that a limit was reached.",
                label + [("limit", limit.name)], Double(counts.limits[limit.name] ?? 0))
        }
        for metric in metrics { metric.add(to: &text, as: "\(plugin)_\(metric.name)", label) }
    }
}
