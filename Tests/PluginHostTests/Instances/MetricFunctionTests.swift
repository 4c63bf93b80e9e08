import CMartlet
import PluginABI
import Testing

@testable import Instances
@testable import PluginHost

/// `martlet.metrics/1`, as a plugin in C calls it.
@Suite struct MetricFunctionTests {
    /// What a test declares. The texts and arrays live as long as the process.
    private static func description(
        _ kind: martlet_metric_kind, _ name: String, labels: [String] = [], bounds: [UInt64] = []
    ) -> martlet_metric_description {
        var description = martlet_metric_description()
        description.size = UInt32(MemoryLayout<martlet_metric_description>.size)
        description.kind = kind
        description.name = permanentText(name)
        let texts = UnsafeMutableBufferPointer<martlet_text>.allocate(capacity: max(labels.count, 1))
        _ = texts.initialize(from: labels.map(permanentText))
        description.labels = UnsafePointer(texts.baseAddress)
        description.label_count = labels.count
        let numbers = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: max(bounds.count, 1))
        _ = numbers.initialize(from: bounds)
        description.bounds = UnsafePointer(numbers.baseAddress)
        description.bound_count = bounds.count
        return description
    }

    private static func declare(_ plugin: SwiftPlugin, _ description: martlet_metric_description) -> martlet_metric {
        var description = description
        return plugin.metrics.declare(plugin.instance, &description)
    }

    @Test func aBadDescriptionIsAnInvalidArgument() throws {
        let laboratory = try Laboratory()
        let plugin = SwiftPlugin(
            .init(create: { plugin in
                let good = Self.description(MARTLET_METRIC_COUNTER, "good_total", labels: ["a"])
                #expect(Self.declare(plugin, good) == 0)
                #expect(Self.declare(plugin, good) == 0, "the same metric")
                func expectRefusal(
                    _ result: martlet_result = MARTLET_ERROR_ARGUMENT,
                    of change: (inout martlet_metric_description) -> Void
                ) {
                    var bad = Self.description(MARTLET_METRIC_COUNTER, "bad_total")
                    change(&bad)
                    #expect(Self.declare(plugin, bad) == result)
                }
                expectRefusal { $0.size = 8 }
                expectRefusal { $0.name = permanentText("no name") }
                expectRefusal { $0.name = good.name }
                expectRefusal { ($0.labels, $0.label_count) = (nil, 1) }
                expectRefusal { ($0.bounds, $0.bound_count) = (nil, 1) }
                expectRefusal { $0 = Self.description(MARTLET_METRIC_HISTOGRAM, "bad", bounds: [2, 1]) }
                expectRefusal { $0.kind = MARTLET_METRIC_HISTOGRAM }
                expectRefusal(MARTLET_ERROR_UNSUPPORTED) { $0.kind = 77 }
                #expect(
                    plugin.host.metric_register(
                        plugin.instance, MARTLET_METRIC_HISTOGRAM, permanentText("h"), permanentText(""))
                        == MARTLET_ERROR_UNSUPPORTED)
                #expect(Self.declare(plugin, Self.description(MARTLET_METRIC_GAUGE, "level")) == 1)
                return MARTLET_OK
            }))
        let instance = try laboratory.running(plugin)
        #expect(laboratory.registry.all.map(\.description.name) == ["good_total", "level"])
        #expect(plugin.host.metric_set(plugin.instance, 1, -7) == MARTLET_OK)
        #expect(plugin.host.metric_add(plugin.instance, 0, 1) == MARTLET_ERROR_ARGUMENT, "it needs its label")
        #expect(instance.end() == .ended)
    }

    @Test func seriesBeyondTheLimitAreCountedTogether() throws {
        let laboratory = try Laboratory()
        let plugin = SwiftPlugin(
            .init(create: { plugin in
                #expect(
                    Self.declare(plugin, Self.description(MARTLET_METRIC_COUNTER, "words_total", labels: ["word"])) == 0
                )
                #expect(Self.declare(plugin, Self.description(MARTLET_METRIC_HISTOGRAM, "sizes", bounds: [5])) == 1)
                return MARTLET_OK
            }))
        let instance = try laboratory.running(plugin)
        func count(_ word: String) -> martlet_result {
            var word = permanentText(word)
            let series = plugin.metrics.series(plugin.instance, 0, &word, 1)
            #expect(series > 0)
            return plugin.host.metric_add(plugin.instance, series, 2)
        }
        for word in ["a", "b", "a"] { #expect(count(word) == MARTLET_OK) }
        for index in 0..<1_000 { #expect(count("\(index)") == MARTLET_OK) }
        #expect(plugin.metrics.observe(plugin.instance, 1, 6) == MARTLET_OK)
        let samples = laboratory.registry.all.flatMap(\.samples)
        #expect(samples.count == 1_001 + 4)
        #expect(samples[0] == (#"words_total{word="a"}"#, 4))
        #expect(samples[1_000] == (#"words_total{other="true"}"#, 4))
        #expect(instance.counts.limits == ["metric_series": 2])
        #expect(instance.end() == .ended)
    }
}
