import Testing

@testable import LoadGenerator

@Suite struct EchoStreamTests {
    private var latencies = LatencyRecorder()

    private func stream(depth: Int, quota: UInt64 = .max) -> EchoStream {
        EchoStream(
            pattern: StreamPattern(seed: 1, connection: 0), messageSize: 10, depth: depth, quota: quota)
    }

    private func echo(_ stream: EchoStream, count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        stream.pattern.fill(&bytes, count: count, from: stream.receivedBytes)
        return bytes
    }

    @Test mutating func startsNoMoreThanItsDepth() {
        var stream = stream(depth: 3)
        stream.startMessages(at: 0)
        #expect(stream.unsentBytes == 30)
        stream.sent(30)
        #expect(stream.receive(echo(stream, count: 10), count: 10, at: 5, into: &latencies) == .right)
        stream.startMessages(at: 5)
        #expect(stream.unsentBytes == 10)
        #expect(stream.owedBytes == 20)
    }

    @Test mutating func countsAMessageWhenItsLastByteIsBack() {
        var stream = stream(depth: 1)
        stream.startMessages(at: 0)
        stream.sent(10)
        #expect(stream.receive(echo(stream, count: 9), count: 9, at: 5, into: &latencies) == .right)
        #expect(stream.answeredMessages == 0)
        #expect(stream.receive(echo(stream, count: 1), count: 1, at: 2_000, into: &latencies) == .right)
        #expect(stream.answeredMessages == 1)
        #expect(latencies.summary.maxMicroseconds == 2)
    }

    @Test mutating func doesNotAcceptAnEchoOfUnsentBytes() {
        var stream = stream(depth: 1)
        stream.startMessages(at: 0)
        stream.sent(4)
        let verdict = stream.receive(echo(stream, count: 6), count: 6, at: 1, into: &latencies)
        #expect(verdict == .surplus(bytes: 2))
    }

    @Test func isFinishedWhenItsQuotaIsSent() {
        var stream = stream(depth: 4, quota: 2)
        stream.startMessages(at: 0)
        #expect(stream.unsentBytes == 20 && !stream.hasSentAll)
        stream.sent(20)
        #expect(stream.hasSentAll && stream.owedBytes == 20)
    }

    @Test func finishesWhatItStartedWhenStopped() {
        var stream = stream(depth: 2)
        stream.startMessages(at: 0)
        stream.sent(15)
        stream.stop()
        stream.startMessages(at: 1)
        #expect(stream.unsentBytes == 5 && !stream.hasSentAll)
        stream.sent(5)
        #expect(stream.hasSentAll)
    }
}
