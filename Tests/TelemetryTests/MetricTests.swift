import Synchronization
import Testing

@testable import Telemetry

@Suite struct MetricDescriptionTests {
    private func refusal(_ describe: () throws(MetricRefusal) -> MetricDescription) -> String? {
        do throws(MetricRefusal) {
            _ = try describe()
            return nil
        } catch {
            return error.text
        }
    }

    @Test(arguments: ["", "9lives", "a-b", "a b", "ä", "a:b", String(repeating: "x", count: 129)])
    func anInvalidNameIsRefused(name: String) {
        let expected = "expected a name of 1 to 128 letters, digits and '_', no digit first"
        #expect(refusal { () throws(MetricRefusal) in try MetricDescription(.gauge, name, help: "") } == expected)
    }

    @Test(arguments: [
        (["a-b"], "label \"a-b\": expected letters, digits and '_', no digit and no \"__\" first"),
        (["1"], "label \"1\": expected letters, digits and '_', no digit and no \"__\" first"),
        ([""], "label \"\": expected letters, digits and '_', no digit and no \"__\" first"),
        (["__name"], "label \"__name\": expected letters, digits and '_', no digit and no \"__\" first"),
        (["listener"], "label \"listener\": the host uses this name"),
        (["a", "other"], "label \"other\": the host uses this name"),
        (["le"], "label \"le\": the host uses this name"), (["a", "b", "a"], "label \"a\" twice"),
        (["a", "b", "c", "d", "e", "f", "g", "h", "i"], "9 labels, expected at most 8"),
    ])
    func invalidLabelsAreRefused(labels: [String], expected: String) {
        #expect(
            refusal { () throws(MetricRefusal) in try MetricDescription(.counter, "a", help: "", labels: labels) }
                == expected)
    }

    @Test(arguments: [
        (MetricDescription.Kind.histogram, [], "0 bounds, expected 1 to 64"),
        (.histogram, [1, 1], "bounds [1, 1] are not ascending"),
        (.histogram, [2, 1], "bounds [2, 1] are not ascending"), (.counter, [1], "1 bounds, expected none"),
        (.histogram, Array(1...65), "65 bounds, expected 1 to 64"),
    ])
    func invalidBoundsAreRefused(kind: MetricDescription.Kind, bounds: [UInt64], expected: String) {
        #expect(
            refusal { () throws(MetricRefusal) in try MetricDescription(kind, "a", help: "", bounds: bounds) }
                == expected)
    }
}

@Suite struct MetricRegistryTests {
    private let registry = MetricRegistry()

    @discardableResult
    private func register(
        _ kind: MetricDescription.Kind, _ name: String, labels: [String] = [], bounds: [UInt64] = [],
        divisor: UInt64 = 1
    ) throws(MetricRefusal) -> Metric {
        try registry.register(
            MetricDescription(kind, name, help: "", labels: labels, bounds: bounds, divisor: divisor))
    }

    @Test func theSameNameIsTheSameMetric() throws {
        let first = try register(.counter, "hits_total")
        #expect(first.add(2))
        #expect(try register(.counter, "hits_total") === first)
        let labelled = try register(.histogram, "seconds", labels: ["a"], bounds: [1, 2], divisor: 10)
        #expect(try register(.histogram, "seconds", labels: ["a"], bounds: [1, 2], divisor: 10) === labelled)
        #expect(registry.all.count == 2)
    }

    @Test func aNameInUseForAnotherMetricIsRefused() throws {
        try register(.gauge, "size")
        try register(.histogram, "seconds", labels: ["a"], bounds: [1, 2])
        let used = MetricRefusal("the name is in use: another kind, other labels, other bounds or another divisor")
        #expect(throws: used) { try register(.counter, "size") }
        #expect(throws: used) { try register(.gauge, "size", labels: ["a"]) }
        #expect(throws: used) { try register(.histogram, "seconds", labels: ["b"], bounds: [1, 2]) }
        #expect(throws: used) { try register(.histogram, "seconds", labels: ["a"], bounds: [1]) }
        #expect(throws: used) { try register(.histogram, "seconds", labels: ["a"], bounds: [1, 2], divisor: 7) }
    }

    /// A histogram is shown under four names.
    @Test func aNameThatAHistogramShowsIsRefused() throws {
        try register(.histogram, "seconds", bounds: [1])
        #expect(throws: MetricRefusal("\"seconds_count\" is in use by another metric")) {
            try register(.counter, "seconds_count")
        }
        try register(.counter, "bytes_sum")
        #expect(throws: MetricRefusal("\"bytes_sum\" is in use by another metric")) {
            try register(.histogram, "bytes", bounds: [1])
        }
    }

    @Test func aPluginCannotRegisterTooManyMetrics() throws {
        for index in 0..<256 { try register(.gauge, "m\(index)") }
        #expect(throws: MetricRefusal("the plugin has 256 metrics, the most that it can have")) {
            try register(.gauge, "one_more")
        }
        #expect(try register(.gauge, "m7").description.name == "m7")
    }
}

@Suite struct MetricTests {
    private func metric(
        _ kind: MetricDescription.Kind, labels: [String] = [], bounds: [UInt64] = [], divisor: UInt64 = 1
    ) throws -> Metric {
        let description = try MetricDescription(
            kind, "m", help: "", labels: labels, bounds: bounds, divisor: divisor)
        return try #require(Metric.made(description, place: 0, in: MetricMemory(nil)))
    }

    private func number(_ series: (number: Int, isOther: Bool)?) throws -> Int { try #require(series).number }

    @Test func aKindAllowsOnlyItsOwnChanges() throws {
        let (counter, gauge) = (try metric(.counter), try metric(.gauge))
        let histogram = try metric(.histogram, bounds: [1])
        #expect(counter.add(2) && !counter.add(-1) && !counter.set(7) && !counter.observe(7))
        #expect(gauge.add(2) && gauge.add(-3) && !gauge.observe(7))
        #expect(histogram.observe(7) && !histogram.add(2) && !histogram.set(7))
        #expect(counter.readings[0].value == .number(2))
        #expect(gauge.readings[0].value == .number(-1))
        #expect(gauge.set(.min))
        #expect(gauge.readings[0].value == .number(.min))
    }

    @Test func theSameValuesAreTheSameSeries() throws {
        let metric = try metric(.counter, labels: ["route", "method"])
        let first = try number(metric.series(["/a", "GET"], limit: 10))
        let second = try number(metric.series(["/a", "PUT"], limit: 10))
        #expect(try number(metric.series(["/a", "GET"], limit: 10)) == first)
        #expect(first != second)
        #expect(metric.add(1, to: first) && metric.add(2, to: second) && metric.add(3, to: first))
        #expect(
            metric.samples.map { "\($0.name) \($0.value)" } == [
                "m{route=\"/a\",method=\"GET\"} 4", "m{route=\"/a\",method=\"PUT\"} 2",
            ])
    }

    @Test func withoutItsLabelsAMetricHasNoSeries() throws {
        let (labelled, plain) = (try metric(.counter, labels: ["a"]), try metric(.counter))
        #expect(labelled.series([], limit: 10) == nil && labelled.series(["x", "y"], limit: 10) == nil)
        #expect(plain.series([], limit: 10) == nil && plain.series(["x"], limit: 10) == nil)
        // Numbers that `series` never returned.
        for number in [-1, 0, 2, 10_001, .max] { #expect(!labelled.add(1, to: number)) }
        for number in [-1, 1, .max] { #expect(!plain.add(1, to: number)) }
        #expect(labelled.readings == [])
        #expect(plain.readings == [MetricReading(labels: [], value: .number(0))])
    }

    @Test func whatIsBeyondTheLimitIsOneSeries() throws {
        let metric = try metric(.counter, labels: ["peer"])
        for index in 0..<5 {
            let series = try #require(metric.series(["\(index)"], limit: 3))
            #expect(series.isOther == (index >= 3))
            #expect(metric.add(1, to: series.number))
        }
        #expect(try #require(metric.series(["1"], limit: 3)).isOther == false, "it exists already")
        #expect(
            metric.samples.map { "\($0.name) \($0.value)" } == [
                "m{peer=\"0\"} 1", "m{peer=\"1\"} 1", "m{peer=\"2\"} 1", "m{other=\"true\"} 2",
            ])
        // A later generation may have another limit.
        #expect(try #require(metric.series(["4"], limit: 4)).isOther == false)
    }

    @Test func aLongValueBelongsToTheOthers() throws {
        let metric = try metric(.gauge, labels: ["path"])
        #expect(try #require(metric.series([String(repeating: "x", count: 256)], limit: 9)).isOther == false)
        #expect(try #require(metric.series([String(repeating: "x", count: 257)], limit: 9)).isOther)
        #expect(try #require(metric.series([String(repeating: "é", count: 129)], limit: 9)).isOther)
    }

    @Test func noLimitAllowsMoreThanTenThousand() throws {
        let metric = try metric(.counter, labels: ["n"])
        for index in 0..<10_000 {
            let series = try #require(metric.series(["\(index)"], limit: .max))
            #expect(!series.isOther && metric.add(Int64(index), to: series.number))
        }
        let other = try #require(metric.series(["one more"], limit: .max))
        #expect(other.isOther && metric.readings.count == 10_000, "nothing is counted there yet")
        #expect(metric.add(1, to: other.number))
        #expect(metric.readings.count == 10_001)
        #expect(metric.readings[9_999].value == .number(9_999))
    }

    @Test func aValueBelongsToTheFirstBucketThatReachesIt() throws {
        let metric = try metric(.histogram, bounds: [0, 10, 100])
        for value: UInt64 in [0, 1, 10, 11, 100, 101, 5_000] { #expect(metric.observe(value)) }
        #expect(metric.readings[0].value == .histogram(sum: 5_223, buckets: [1, 2, 2, 2]))
        #expect(metric.readings[0].number == 7)
    }

    @Test func boundsAreShownDivided() throws {
        let metric = try metric(.histogram, labels: ["a"], bounds: [5_000_000, 1_000_000_000], divisor: 1_000_000_000)
        let series = try number(metric.series(["\""], limit: 1))
        #expect(metric.observe(1_000_000, in: series) && metric.observe(2_000_000_000, in: series))
        #expect(
            metric.samples.map { "\($0.name) \($0.value)" } == [
                #"m_bucket{a="\"",le="0.005"} 1"#, #"m_bucket{a="\"",le="1"} 1"#, #"m_bucket{a="\"",le="+Inf"} 2"#,
                #"m_sum{a="\""} 2001000000"#, #"m_count{a="\""} 2"#,
            ])
    }

    /// Threads create the same series and others, and count in them, while another one reads.
    @Test func concurrentChangesAreAllCounted() throws {
        let counter = try metric(.counter, labels: ["n"])
        let histogram = try metric(.histogram, labels: ["n"], bounds: [1, 3])
        let (threads, rounds, values) = (4, 2_000, 150)
        let isDone = Atomic<Bool>(false)
        let work = (0..<threads).map { thread in
            Thread {
                for round in 0..<rounds {
                    let value = ["\((thread + round) % values)"]
                    guard let one = counter.series(value, limit: 100), let two = histogram.series(value, limit: 100)
                    else { return }
                    _ = (counter.add(3, to: one.number), histogram.observe(UInt64(round % 5), in: two.number))
                }
            }
        }
        let reader = Thread {
            while !isDone.load(ordering: .relaxed) { _ = (counter.readings, histogram.readings) }
        }
        for thread in work { thread.join() }
        isDone.store(true, ordering: .relaxed)
        reader.join()
        #expect(counter.readings.count == 101 && histogram.readings.count == 101)
        #expect(counter.readings.reduce(0) { $0 + $1.number } == Int64(3 * threads * rounds))
        var (sum, buckets) = (UInt64(0), [UInt64](repeating: 0, count: 3))
        for reading in histogram.readings {
            guard case .histogram(let own, let counts) = reading.value else { continue }
            sum += own
            for index in 0..<3 { buckets[index] += counts[index] }
        }
        let fifth = UInt64(threads * rounds / 5)
        #expect(sum == 10 * fifth)
        #expect(buckets == [2 * fifth, 2 * fifth, fifth])
    }
}
