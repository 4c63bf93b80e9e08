import Glibc
import Server
import Testing

/// `metrics_listen` and `martlet metrics`.
@Suite struct MetricsTests {
    private func get(_ request: String, from server: RunningServer) throws -> String {
        let peer = try Peer(server.metricsAddress())
        try peer.send(request)
        return String(decoding: try peer.receiveToEnd(), as: UTF8.self)
    }

    @Test func answersPrometheusWithAllCounters() throws {
        let folder = try ServerFolder(process: "metrics_listen = \"127.0.0.1:0\"")
        try folder.installEcho("[limits]\nidle_timeout = \"50ms\"")
        try folder.installShout()
        let server = try RunningServer(folder)
        #expect(try server.connect(to: "shout").ask("x") == "X")
        #expect(try server.connect().waitForEnd() == .closed)
        let answer = try get("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", from: server)
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"))
        for line in [
            "martlet_accepted_total{listener=\"echo\"} 1", "martlet_requests_total{listener=\"shout\"} 1",
            "martlet_limit_hits_total{listener=\"echo\",limit=\"idle_timeout\"} 1",
            "martlet_limit_hits_total{listener=\"shout\",limit=\"request_rate\"} 0",
            "martlet_reloads_total{result=\"done\"} 1", "martlet_reloads_total{result=\"refused\"} 0",
            "martlet_last_reload_success 1", "shout_lines_total{listener=\"shout\"} 1",
            "martlet_generation{listener=\"echo\"} 1", "martlet_worker_jobs_total{state=\"rejected\"} 0",
        ] {
            #expect(answer.contains(line + "\n"), "\(line) in \(answer)")
        }
        let printed = try folder.martlet("metrics")
        #expect(printed.status == 0)
        #expect(printed.output.contains("martlet_reload_sessions_total{outcome=\"migrated\"} 0"))
    }

    /// Peers choose the values of a label. Their number is bounded, and none of them can break the page.
    @Test func labelsAndHistogramsAreOnAValidPage() throws {
        let folder = try ServerFolder(process: "metrics_listen = \"127.0.0.1:0\"")
        try folder.installFixture("every-function", "[limits]\nmetric_series = 3\n[options]\nfile = \"file.txt\"")
        let server = try RunningServer(folder)
        let peer = try server.connect(to: "every-function")
        for word in ["plain", "\"} 1 \\", "e\"\u{301}", "fourth", "plain", "fifth"] {
            #expect(try peer.ask("series \(word)") == "series found, metric_add 0")
        }
        for number in [0, 1, 1_000, 2_600, 400] { #expect(try peer.ask("observe \(number)") == "observe 0") }
        let answer = try get("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", from: server)
        let head = try #require(answer.firstRange(of: "\r\n\r\n"))
        let page = try PrometheusPage(String(answer[head.upperBound...]))
        let words = try #require(page.families["every_function_words_total"])
        #expect(words.kind == "counter" && words.help == "What peers \\ say" && words.samples.count == 4)
        func count(_ labels: [String: String]) -> Double? {
            page.value(words.name, labels.merging(["listener": "every-function"]) { one, _ in one })
        }
        #expect(count(["word": "plain"]) == 2)
        #expect(count(["word": "\"} 1 \\"]) == 1)
        #expect(count(["word": "e\"\u{301}"]) == 1)
        #expect(count(["other": "true"]) == 2)
        let sizes = try #require(page.families["every_function_sizes"])
        #expect(sizes.kind == "histogram")
        #expect(sizes.samples.map(\.value) == [2, 4, 4, 5, 4.001, 5])
        #expect(sizes.samples.compactMap { $0.labels["le"] } == ["0.001", "1", "2.5", "+Inf"])
        #expect(
            page.value("martlet_limit_hits_total", ["listener": "every-function", "limit": "metric_series"]) == 2)
        let listener = try #require(try server.listener("every-function"))
        let metric = try #require(listener.metrics.first { $0.name == "sizes" })
        #expect(metric.value == 5 && metric.series.first?.histogram?.sum == 4.001)
        #expect(metric.series.first?.histogram?.buckets.map(\.count) == [2, 2, 0, 1])
        let status = try folder.martlet("status").output
        #expect(status.contains("every-function.words_total{word=\"plain\"}"))
        #expect(status.contains("5, mean 0.8002"))
        #expect(listener.counts.faults == 0)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 "),
        ("POST /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 "),
        ("nonsense\r\n\r\n", "HTTP/1.1 400 "),
    ])
    func answersOtherRequestsWithAnError(request: String, start: String) throws {
        let server = try RunningServer.echo(process: "metrics_listen = \"127.0.0.1:0\"")
        #expect(try get(request, from: server).hasPrefix(start))
    }

    /// RFC 9110 9.3.2: an answer to HEAD has no body, even if the request is refused.
    @Test(arguments: [
        ("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 "), ("HEAD / HTTP/2.0\r\n\r\n", "HTTP/1.1 505 "),
        ("HEAD /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "),
    ])
    func sendsNoBodyToHead(request: String, start: String) throws {
        let server = try RunningServer.echo(process: "metrics_listen = \"127.0.0.1:0\"")
        let answer = try get(request, from: server)
        #expect(answer.hasPrefix(start))
        #expect(answer.hasSuffix("\r\n\r\n"))
    }

    @Test func anAddressInUseRefusesTheStart() throws {
        let first = try RunningServer.echo(process: "metrics_listen = \"127.0.0.1:0\"")
        let folder = try ServerFolder(process: "metrics_listen = \"\(try first.metricsAddress().text)\"")
        try folder.installEcho()
        let words = RunningServer.command(folder)
        let result = try Subprocess.run(words[0], Array(words.dropFirst()))
        #expect(result.status == 1)
        #expect(result.errors.contains("bind"), "\(result.errors)")
    }
}
