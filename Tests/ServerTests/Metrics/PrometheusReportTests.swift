import Testing

@testable import Databases
@testable import Engine
@testable import HostInterface
@testable import Instances
@testable import PluginHost
@testable import Server

/// A status report as Prometheus reads it.
@Suite struct PrometheusReportTests {
    private func listener(_ name: String, plugin: String = "echo", _ metrics: [StatusReport.Metric] = [])
        -> StatusReport.Listener
    {
        var counts = ConnectionCounts()
        counts.open = 3
        counts.accepted = 10
        counts.limits = ["idle_timeout": 4]
        return StatusReport.Listener(
            name: name, host: "shared", file: "\(name).toml", plugin: plugin, version: "1.0.0", hash: "abc",
            state: .running,
            addresses: [], endpoints: [], certificates: [], example: "",
            generations: [
                StatusReport.Generation(generation: 1, version: "0.9", hash: "def", connections: 1, isCurrent: false),
                StatusReport.Generation(generation: 2, version: "1.0.0", hash: "abc", connections: 2, isCurrent: true),
            ],
            counts: counts, metrics: metrics)
    }

    private var succession: Succession {
        var succession = Succession()
        succession.adopted = 7
        succession.lose(.busy, count: 2)
        return succession
    }

    @Test func connectionsOfDeadHostsAreCountedByWhatBecameOfThem() {
        let lines = lines(report([]))
        #expect(lines.contains("martlet_connections_adopted_total 7"))
        #expect(lines.contains("martlet_connections_lost_total{reason=\"busy\"} 2"))
        #expect(lines.contains("martlet_connections_lost_total{reason=\"lent\"} 0"))
    }

    private func report(_ listeners: [StatusReport.Listener], reloads: [Receipt] = []) -> StatusReport {
        StatusReport(
            version: "0.1.0", pid: 1, uptimeSeconds: 1.5, pluginsDirectory: "", connectionLimit: 16,
            totals: ConnectionCounts(),
            residentBytes: 1, fileDescriptors: 9, fileDescriptorLimit: 64, logLinesDropped: 0,
            hosts: [StatusReport.Host("shared", host), StatusReport.Host("group g", host)], listeners: listeners,
            reloads: reloads, reloadResults: ["done": 2], sessionMoves: SessionMoves(),
            succession: succession)
    }

    private var host: RuntimeReport {
        let loops = (0..<2).map { index in
            StatusReport.Loop(
                index: index, turns: UInt64(100 + index), pausesAtLimit: 1, pausesForResources: 2, deliveries: 0,
                stuckIn: index == 1 ? "does not turn" : nil)
        }
        return RuntimeReport(
            loops: loops,
            workers: WorkersReport(
                threads: 3, minimum: 1, maximum: 4, isPaused: false, queueLimit: 8, queued: 2, running: 1, submitted: 5,
                completed: 4, rejected: 1, delayP50Microseconds: 500, delayP99Microseconds: 1_000,
                delayWorstMicroseconds: 2_000, jobs: []),
            bufferBytes: 0, retiredImages: RetiredImageReport())
    }

    private func lines(_ report: StatusReport) -> [Substring] { report.prometheus().split(separator: "\n") }

    @Test func everyFamilyIsOneBlockWithOneHead() {
        let metric = StatusReport.Metric(name: "sessions", kind: "gauge", help: "Sessions", value: 1)
        let lines = lines(report([listener("a", [metric]), listener("b", [metric])]))
        var (seen, current) = (Set<Substring>(), Substring())
        for line in lines {
            if line.hasPrefix("# HELP ") {
                current = line.split(separator: " ")[2]
                #expect(seen.insert(current).inserted, "\(current) has two heads")
            } else if line.hasPrefix("# TYPE ") {
                #expect(line.split(separator: " ")[2] == current)
            } else {
                #expect(line.prefix { $0 != "{" && $0 != " " } == current, "\(line) is below \(current)")
            }
        }
        #expect(seen.count > 30)
    }

    @Test func noSampleAppearsTwice() {
        let samples = lines(report([listener("a"), listener("b")])).filter { !$0.hasPrefix("#") }
            .map { $0[..<($0.lastIndex(of: " ") ?? $0.endIndex)] }
        #expect(Set(samples).count == samples.count)
    }

    @Test func listenersHaveTheirLabels() {
        let lines = lines(report([listener("a"), listener("b")]))
        for expected in [
            #"martlet_listener_info{listener="a",plugin="echo",version="1.0.0",hash="abc",state="running"} 1"#,
            #"martlet_connections{listener="b"} 3"#, #"martlet_accepted_total{listener="a"} 10"#,
            #"martlet_generations{listener="a"} 2"#, #"martlet_generation{listener="a"} 2"#,
            #"martlet_limit_hits_total{listener="a",limit="idle_timeout"} 4"#,
            #"martlet_limit_hits_total{listener="a",limit="accept_rate"} 0"#,
        ] {
            #expect(lines.contains { $0 == expected }, "\(expected)")
        }
    }

    @Test func poolsOfDatabasesHaveTheirLabels() {
        var database = DatabaseReport(name: "main", kind: "sqlite")
        (database.state, database.problem) = ("locked", "process 7 has it open for writing")
        (database.open, database.busy, database.waiting) = (5, 2, 3)
        (database.jobs, database.failures, database.refused, database.retries) = (20, 4, 6, 7)
        (database.made, database.broken, database.commits, database.waitSeconds) = (8, 1, 9, 0.25)
        var report = report([])
        report.databases = [
            DatabaseRow(host: "shared", report: database),
            DatabaseRow(host: "group g", report: DatabaseReport(name: "main", kind: "mariadb")),
        ]
        let lines = lines(report)
        for expected in [
            #"martlet_database_state{database="main",state="locked"} 1"#,
            #"martlet_database_state{database="main",state="healthy"} 0"#,
            #"martlet_database_state{host="group g",database="main",state="healthy"} 1"#,
            #"martlet_database_connections{database="main",state="busy"} 2"#,
            #"martlet_database_connections{database="main",state="idle"} 3"#,
            #"martlet_database_waiting{database="main"} 3"#, #"martlet_database_jobs_total{database="main"} 20"#,
            #"martlet_database_failures_total{database="main"} 4"#,
            #"martlet_database_refused_total{database="main"} 6"#,
            #"martlet_database_retries_total{database="main"} 7"#,
            #"martlet_database_connections_made_total{database="main"} 8"#,
            #"martlet_database_connections_broken_total{database="main"} 1"#,
            #"martlet_database_wait_seconds_total{database="main"} 0.25"#,
            #"martlet_database_commits_total{database="main"} 9"#,
            #"martlet_database_jobs_total{host="group g",database="main"} 0"#,
        ] {
            #expect(lines.contains { $0 == expected }, "\(expected) in \(lines)")
        }
        #expect(lines.count { $0.hasPrefix("martlet_database_state{database=") && $0.hasSuffix(" 1") } == 1)
    }

    @Test func theProcessItsLoopsAndWorkersAppear() {
        let lines = lines(report([]))
        for expected in [
            #"martlet_build_info{version="0.1.0"} 1"#, "martlet_uptime_seconds 1.5", "martlet_connection_limit 16",
            #"martlet_loop_turns_total{loop="1"} 101"#, #"martlet_loop_stuck{loop="0"} 0"#,
            #"martlet_loop_stuck{loop="1"} 1"#, #"martlet_accept_pauses_total{loop="0",reason="resources"} 2"#,
            #"martlet_workers{state="running"} 1"#, #"martlet_workers{state="idle"} 2"#,
            #"martlet_worker_queue_delay_seconds{quantile="0.99"} 0.001"#, #"martlet_reloads_total{result="done"} 2"#,
            #"martlet_reloads_total{result="refused"} 0"#,
        ] {
            #expect(lines.contains { $0 == expected }, "\(expected)")
        }
    }

    @Test func theLastReloadAppearsOnceThereIsOne() {
        #expect(!report([]).prometheus().contains("martlet_last_reload"))
        let reloads = [
            Receipt(sequence: 1, milliseconds: 10, result: .done, entries: []),
            Receipt(sequence: 2, milliseconds: 250, result: .partial, entries: []),
        ]
        let lines = lines(report([], reloads: reloads))
        for expected in [
            "martlet_last_reload_success 0", "martlet_last_reload_seconds 0.25", "martlet_last_reload_sequence 2",
        ] {
            #expect(lines.contains { $0 == expected }, "\(expected)")
        }
    }

    /// The texts of a plugin cannot break the format.
    @Test func textsOfPluginsAreEscaped() {
        let metric = StatusReport.Metric(name: "hits_total", kind: "counter", help: "one\ntwo \\", value: -1)
        var hostile = listener("a", plugin: "my-plugin", [metric])
        hostile.version = "1\"\n\\"
        let text = report([hostile]).prometheus()
        #expect(text.contains(#"version="1\"\n\\""#))
        #expect(text.contains("# HELP my_plugin_hits_total one\\ntwo \\\\\n# TYPE my_plugin_hits_total counter\n"))
        #expect(text.contains("my_plugin_hits_total{listener=\"a\"} -1\n"))
    }
}
