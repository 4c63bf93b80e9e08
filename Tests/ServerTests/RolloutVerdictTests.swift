import Configuration
import Instances
import PluginHost
import Testing

@testable import Server

@Suite struct RolloutVerdictTests {
    private var policy: RolloutPolicy {
        var policy = RolloutPolicy(ConfigurationTable())
        policy.hold = .seconds(10)
        policy.abortErrorRate = 0.1
        policy.abortSlowCallbacks = 3
        policy.abortFaults = 2
        return policy
    }

    private func verdict(
        age: Double = 1, connections: UInt64 = 1, requests: UInt64 = 0, failed: UInt64 = 0, slow: UInt64 = 0,
        faults: UInt64 = 0,
        _ change: (inout RolloutPolicy) -> Void = { _ in }
    ) -> RolloutVerdict {
        var counts = ConnectionCounts()
        counts.accepted = connections
        counts.requests = requests
        counts.failedRequests = failed
        counts.slowCallbacks = slow
        counts.faults = faults
        var policy = policy
        change(&policy)
        return RolloutVerdict(counts, age: age, policy)
    }

    @Test func continuesUntilTheHoldIsOver() {
        #expect(verdict(age: 9.9) == .goOn)
        #expect(verdict(age: 10) == .takeOver)
    }

    @Test func withoutTrafficTheTrialContinues() {
        #expect(verdict(age: 10, connections: 0) == .waitForConnections)
        #expect(verdict(age: 1_000, connections: 0) == .waitForConnections)
        #expect(verdict(age: 1_000, connections: 4) { $0.minimumConnections = 5 } == .waitForConnections)
        #expect(verdict(age: 10, connections: 5) { $0.minimumConnections = 5 } == .takeOver)
        #expect(verdict(age: 10, connections: 0) { $0.minimumConnections = 0 } == .takeOver)
        #expect(verdict(age: 9.9, connections: 0) == .goOn)
    }

    @Test func aBadCandidateIsAbortedAlsoWhileItWaitsForConnections() {
        #expect(verdict(age: 100, connections: 0, faults: 2) == .abort("2 faults"))
    }

    @Test func aRateIsJudgedOnlyOverEnoughRequests() {
        #expect(verdict(requests: 19, failed: 19) == .goOn)
        #expect(verdict(requests: 20, failed: 2) == .goOn)
        #expect(verdict(requests: 20, failed: 3) == .abort("3 of 20 requests failed"))
    }

    @Test func faultsAndSlowCallbacksCountAtOnce() {
        #expect(verdict(faults: 1) == .goOn)
        #expect(verdict(faults: 2) == .abort("2 faults"))
        #expect(verdict(slow: 2) == .goOn)
        #expect(verdict(slow: 3) == .abort("3 slow callbacks"))
    }

    @Test func aBadCandidateDoesNotTakeOverWhenTheHoldEnds() {
        #expect(verdict(age: 100, faults: 2) == .abort("2 faults"))
    }

    @Test func aRuleThatIsOffNeverAborts() {
        #expect(verdict(faults: 1_000) { $0.abortFaults = 0 } == .goOn)
        #expect(verdict(slow: 1_000) { $0.abortSlowCallbacks = 0 } == .goOn)
        #expect(verdict(requests: 100, failed: 100) { $0.abortErrorRate = 1 } == .goOn)
    }
}
