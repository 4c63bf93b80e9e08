import CMartlet
import PluginABI
import Testing

/// Which requests count as failed, in the host and in its simulation.
@Suite struct FailedRequestTests {
    @Test func aRequestFailsByItsFlagOrByAStatusThatBlamesThePlugin() {
        for status in UInt32(0)...1_000 {
            var request = martlet_request()
            request.status = status
            #expect(request.isFailed == [500, 502, 503, 504].contains(status), "\(status)")
            request.flags = MARTLET_REQUEST_FAILED
            #expect(request.isFailed, "\(status)")
            request.flags = ~MARTLET_REQUEST_FAILED
            #expect(request.isFailed == [500, 502, 503, 504].contains(status), "\(status), with unknown flags")
        }
    }
}
