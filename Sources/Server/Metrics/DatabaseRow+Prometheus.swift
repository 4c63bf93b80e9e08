import Configuration
import Databases
import Telemetry

extension DatabaseRow {
    func add(to text: inout PrometheusText) {
        // The shared host has no label: most servers have no other.
        let host: [PrometheusText.Label] = host == ListenerConfiguration.sharedHost ? [] : [("host", self.host)]
        let label = host + [("database", report.name)]
        for state in DatabaseReport.states {
            text.add(
                .gauge, "martlet_database_state", help: "1 for the state in which a database is, else 0.",
                label + [("state", state)], report.state == state ? 1 : 0)
        }
        for (state, count) in [("busy", report.busy), ("idle", max(report.open - report.busy, 0))] {
            text.add(
                .gauge, "martlet_database_connections",
                help: "Open connections to a database. Of SQLite: those that read.", label + [("state", state)],
                Double(count))
        }
        text.add(
            .gauge, "martlet_database_cursors", help: "Busy connections that cursors have: plugins read their rows.",
            label, Double(report.cursors))
        text.add(
            .gauge, "martlet_database_waiting", help: "Jobs that wait for a connection or the writer.", label,
            Double(report.waiting))
        let totals: [(name: String, help: String, value: Double)] = [
            ("jobs", "Jobs for a database: statements and transactions.", Double(report.jobs)),
            ("failures", "Jobs that a database has begun and not done.", Double(report.failures)),
            (
                "refused", "Jobs that were refused: too many waited, they waited too long, or the database was away.",
                Double(report.refused)
            ),
            (
                "retries", "Times that a job was tried again after a conflict or a lost connection.",
                Double(report.retries)
            ),
            ("connections_made", "Connections made.", Double(report.made)),
            ("connections_broken", "Connections that were found broken.", Double(report.broken)),
            ("wait_seconds", "How long jobs have waited for a connection, together.", report.waitSeconds),
            ("commits", "Commits of the writer of SQLite; each is for all jobs that waited.", Double(report.commits)),
        ]
        for total in totals {
            text.add(.counter, "martlet_database_\(total.name)_total", help: total.help, label, total.value)
        }
    }
}
