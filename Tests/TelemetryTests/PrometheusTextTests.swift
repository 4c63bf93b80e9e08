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
}
