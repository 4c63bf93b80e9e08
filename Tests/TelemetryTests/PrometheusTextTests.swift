import Telemetry
import Testing

@Suite struct PrometheusTextTests {
    @Test func samplesAreGroupedByNameInTheOrderOfTheNames() {
        var text = PrometheusText()
        text.add(.counter, "a_total", help: "The first.", [("x", "1")], 3)
        text.add(.gauge, "b", help: "The second.", -0.5)
        text.add(.counter, "a_total", help: "ignored", [("x", "2")], 1e15)
        #expect(
            text.text == """
                # HELP a_total The first.
                # TYPE a_total counter
                a_total{x="1"} 3
                a_total{x="2"} 1000000000000000
                # HELP b The second.
                # TYPE b gauge
                b -0.5

                """)
    }

    @Test func namesOfAPluginCannotBreakTheFormat() {
        var text = PrometheusText()
        text.add(.gauge, "1-é", help: "a\nb\\c", [("l-1", "q\"\n\\")], 0)
        #expect(
            text.text == """
                # HELP ____ a\\nb\\\\c
                # TYPE ____ gauge
                ____{l_1="q\\"\\n\\\\"} 0

                """)
    }

    /// A quote with an accent is one character in Swift, and ends the value in the text.
    @Test func everyScalarIsEscaped() {
        #expect(
            PrometheusText.series("a", [("b", "\"\u{301}\\\u{301}\r\n\u{0}é")])
                == "a{b=\"\\\"\u{301}\\\\\u{301}\r\\n\u{0}é\"}")
    }

    @Test func theBucketsOfAHistogramAreCumulative() {
        var text = PrometheusText()
        let histogram = PrometheusText.Histogram(buckets: [(0.001, 2), (5, 0), (nil, 1)], sum: 7.25)
        text.add("a_seconds", help: "Times.", [("x", "1")], histogram)
        text.add("a_seconds", help: "Times.", [], .init(buckets: [(nil, 0)], sum: 0))
        text.add(.counter, "a_seconds", help: "Another kind.", 1)
        #expect(
            text.text == """
                # HELP a_seconds Times.
                # TYPE a_seconds histogram
                a_seconds_bucket{x="1",le="0.001"} 2
                a_seconds_bucket{x="1",le="5"} 2
                a_seconds_bucket{x="1",le="+Inf"} 3
                a_seconds_sum{x="1"} 7.25
                a_seconds_count{x="1"} 3
                a_seconds_bucket{le="+Inf"} 0
                a_seconds_sum 0
                a_seconds_count 0

                """)
    }
}
