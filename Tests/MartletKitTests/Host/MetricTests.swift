import MartletKit
import MartletKitTesting
import Testing

/// A plugin whose peers count bytes and words.
private struct Census: Plugin {
    static let manifest = Manifest(
        name: "census", version: "1.0.0", summary: "Counts",
        options: [Option("mark", .text(), default: "\"\"", help: "What this instance does wrong")])

    let host: Host<Census>
    let words: LabelledMetric<Census>
    let open: LabelledMetric<Census>
    let bytes: Histogram<Census>
    let times: Histogram<Census>
    let sizes: LabelledHistogram<Census>
    let waits: LabelledHistogram<Census>

    init(options: Options, host: Host<Census>) throws(OptionError) {
        self.host = host
        words = host.counter("words_total", help: "Words", labels: ["word", "length"])
        open = host.gauge("open", help: "Sessions", labels: ["loop"])
        bytes = host.histogram("bytes", help: "Bytes", bounds: [1, 4])
        times = host.histogram("seconds", help: "Times", bounds: [.milliseconds(5), .seconds(1)])
        sizes = host.histogram("sizes", help: "Sizes", labels: ["word"], bounds: [2])
        waits = host.histogram("wait_seconds", help: "Waits", labels: ["word"], bounds: [.microseconds(1)])
        let mark = try options.text("mark")
        if mark == "unknown label" { host.counter("bad", help: "", labels: ["le"]).series("x").add() }
        if mark == "no bounds" { host.histogram("bad", help: "", bounds: [UInt64]()).observe(1) }
    }

    struct Session: MartletKit.Session {
        typealias Plugin = Census
        private let open: Metric<Census>

        init(opening connection: Connection<Census>) {
            open = connection.plugin.open.series("0")
            open.add()
        }

        mutating func received(_ input: Span<UInt8>, from connection: Connection<Census>) -> Int {
            let (plugin, word) = (connection.plugin, String(decoding: input))
            plugin.words.series(word, "\(input.count)").add()
            plugin.bytes.observe(input.count)
            plugin.times.observe(.milliseconds(input.count))
            plugin.times.observe(.seconds(-1))
            plugin.sizes.series(word).observe(UInt8(3))
            plugin.waits.series(word).observe(-7)
            if word == "wrong" { plugin.words.series("one").add() }
            return input.count
        }

        mutating func closed(_ connection: Connection<Census>, reason: CloseReason) { open.add(-1) }
    }
}

@Suite struct MetricTests {
    @Test func seriesAndHistogramsCount() throws {
        let host = try SimulatedHost(Census.self)
        let connection = host.connect()
        connection.send("a\"b")
        #expect(
            host.metrics == [
                #"words_total{word="a\"b",length="3"}"#: 1, #"open{loop="0"}"#: 1, #"bytes_bucket{le="1"}"#: 0,
                #"bytes_bucket{le="4"}"#: 1, #"bytes_bucket{le="+Inf"}"#: 1, "bytes_sum": 3, "bytes_count": 1,
                #"seconds_bucket{le="0.005"}"#: 2, #"seconds_bucket{le="1"}"#: 2, #"seconds_bucket{le="+Inf"}"#: 2,
                "seconds_sum": 3_000_000, "seconds_count": 2, #"sizes_bucket{word="a\"b",le="2"}"#: 0,
                #"sizes_bucket{word="a\"b",le="+Inf"}"#: 1, #"sizes_sum{word="a\"b"}"#: 3,
                #"sizes_count{word="a\"b"}"#: 1, #"wait_seconds_bucket{word="a\"b",le="1e-06"}"#: 1,
                #"wait_seconds_bucket{word="a\"b",le="+Inf"}"#: 1, #"wait_seconds_sum{word="a\"b"}"#: 0,
                #"wait_seconds_count{word="a\"b"}"#: 1,
            ])
        connection.hangUp()
        #expect(host.metric(#"open{loop="0"}"#) == 0)
        #expect(host.shutDown() == [])
    }

    @Test func seriesContinueInTheNextGeneration() throws {
        let old = try SimulatedHost(Census.self)
        old.connect().send("hi")
        let new = try old.nextGeneration(Census.self)
        new.connect().send("hi")
        #expect(new.metric(#"words_total{word="hi",length="2"}"#) == 2)
        #expect(new.metric("bytes_count") == 2)
        #expect(old.shutDown() + new.shutDown() == [])
    }

    @Test func whatTheHostRefusesIsLoggedAndIgnored() throws {
        for (mark, text) in [
            ("unknown label", "metric bad: label \"le\": the host uses this name"),
            ("no bounds", "metric bad: 0 bounds, expected 1 to 64"),
        ] {
            let host = try SimulatedHost(Census.self, options: ["mark": "\(mark)"])
            #expect(host.takeLogs() == [LogRecord(.error, text)])
            #expect(host.shutDown() == [])
        }
    }

    /// The same words as on a server: FaultTextTests.
    @Test func aWrongNumberOfValuesBreaksARule() throws {
        let host = try SimulatedHost(Census.self)
        host.connect().send("wrong")
        #expect(host.metric(#"words_total{word="wrong",length="5"}"#) == 1)
        #expect(host.shutDown() == ["a series of no metric with labels, or with too few or too many values: 0"])
    }
}
