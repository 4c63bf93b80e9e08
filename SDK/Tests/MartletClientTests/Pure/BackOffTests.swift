import Testing

@testable import MartletClient

@Suite struct BackOffTests {
    private func policy(base: Duration = .milliseconds(50), limit: Duration = .seconds(2)) -> MartletClient.RetryPolicy
    {
        var policy = MartletClient.RetryPolicy()
        (policy.base, policy.limit) = (base, limit)
        return policy
    }

    @Test func theCeilingDoublesUpToTheLimit() {
        let backOff = BackOff(policy(), seed: 1)
        #expect((1...8).map { backOff.ceiling(afterFailures: $0) } == [50, 100, 200, 400, 800, 1_600, 2_000, 2_000])
        #expect(backOff.ceiling(afterFailures: .max) == 2_000)
        let long = BackOff(policy(base: .seconds(1 << 40), limit: .seconds(1 << 40)), seed: 1)
        #expect(long.ceiling(afterFailures: 100) > 0)
    }

    @Test func waitsAreSpreadOverTheWholeRange() {
        var backOff = BackOff(policy(), seed: 7)
        let waits = (0..<1_000).map { _ in backOff.milliseconds(afterFailures: 3) }
        #expect(waits.allSatisfy { $0 <= 200 })
        #expect(waits.contains { $0 < 20 } && waits.contains { $0 > 180 })
        var same = BackOff(policy(), seed: 7)
        #expect(waits == (0..<1_000).map { _ in same.milliseconds(afterFailures: 3) })
    }

    @Test func serversTakeTurnsAndThenTheClientWaits() {
        var backOff = BackOff(policy(base: .seconds(1)), seed: 3)
        var servers = ServerChoice(count: 2)
        servers.failed(round: 0, nowMilliseconds: 100, backOff: &backOff)
        #expect(servers.current == 1)
        #expect(servers.nextAttemptMilliseconds == 100)
        servers.failed(round: 1, nowMilliseconds: 200, backOff: &backOff)
        #expect(servers.current == 0)
        #expect(200...1_200 ~= servers.nextAttemptMilliseconds)
        servers.succeeded(at: 1)
        #expect((servers.current, servers.failures, servers.nextAttemptMilliseconds) == (1, 0, 0))
    }

    @Test func attemptsThatRanSideBySideFailOnce() {
        var backOff = BackOff(policy(), seed: 3)
        var servers = ServerChoice(count: 1)
        for _ in 0..<4 { servers.failed(round: 0, nowMilliseconds: 0, backOff: &backOff) }
        #expect(servers.failures == 1)
    }

    @Test(
        arguments: [
            (Duration.zero, UInt64(0)), (.nanoseconds(1), 1), (.milliseconds(1), 1), (.microseconds(1_001), 2),
            (.seconds(-3), 0), (.seconds(5), 5_000),
        ] as [(Duration, UInt64)])
    func durationsAreRoundedUp(_ duration: Duration, _ milliseconds: UInt64) {
        #expect(duration.wholeMilliseconds == milliseconds)
    }
}
