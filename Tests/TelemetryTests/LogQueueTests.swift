import Testing

@testable import Telemetry

@Suite struct LogQueueTests {
    private func line(_ text: String) -> [UInt8] { Array("\(text)\n".utf8) }

    @Test func returnsWholeLinesInOrder() {
        var queue = LogQueue()
        for text in ["one", "two", "three"] { #expect(queue.append(line(text)) == true) }
        #expect(queue.take(upTo: 9) == .lines(line("one") + line("two"), count: 2))
        #expect(queue.take(upTo: 1) == .lines(line("three"), count: 1))
        #expect(queue.take(upTo: 1) == nil)
        #expect(queue.isEmpty)
    }

    @Test func atItsLineLimitItDropsLinesAndMarksTheGap() {
        var queue = LogQueue(lineLimit: 4)
        let taken = (0..<10).filter { queue.append(line("\($0)")) }
        #expect(taken == [0, 1, 2, 3])
        #expect(queue.take(upTo: 100) == .lines(Array("0\n1\n2\n3\n".utf8), count: 4))
        #expect(!queue.isEmpty)
        #expect(queue.append(line("10")) == true)
        #expect(queue.take(upTo: 100) == .gap(6))
        #expect(queue.take(upTo: 100) == .lines(line("10"), count: 1))
        #expect(queue.isEmpty)
    }

    @Test func aGapIsReportedWithoutALineAfterIt() {
        var queue = LogQueue(lineLimit: 1)
        #expect(queue.append(line("a")) == true)
        #expect(queue.append(line("b")) == false)
        _ = queue.take(upTo: 100)
        #expect(queue.take(upTo: 100) == .gap(1))
        #expect(queue.take(upTo: 100) == nil)
    }

    @Test func atItsByteLimitItDropsLines() {
        var queue = LogQueue(byteLimit: 10)
        #expect(queue.append(line("12345678")) == true)
        #expect(queue.append(line("12")) == false)
    }

    @Test func onceFullItAcceptsLinesAgainAtHalf() {
        var queue = LogQueue(lineLimit: 8)
        for index in 0..<9 { _ = queue.append(line("\(index)")) }
        for _ in 0..<3 { _ = queue.take(upTo: 1) }
        #expect(queue.append(line("still full")) == false)
        _ = queue.take(upTo: 1)
        #expect(queue.append(line("half empty")) == true)
    }

    @Test func aLineThatIsTooLongForAnyQueueDoesNotBlockOthers() {
        var queue = LogQueue(byteLimit: 10)
        #expect(queue.append(line("a line of more than ten bytes")) == false)
        #expect(queue.append(line("short")) == true)
        #expect(queue.take(upTo: 100) == .gap(1))
    }

    @Test func takenLinesAreForgotten() {
        var queue = LogQueue(lineLimit: 5_000)
        for round in 0..<20 {
            for index in 0..<4_000 { #expect(queue.append(line("\(round) \(index)")) == true) }
            var lines = 0
            while case .lines(_, let count)? = queue.take(upTo: 256) { lines += count }
            #expect(lines == 4_000)
        }
    }
}

@Suite struct LogRateTests {
    private static let second: UInt64 = 1_000_000_000

    /// How many of these lines pass.
    private func passes(_ rate: inout LogRate, _ lines: Int, at now: UInt64) -> Int {
        var count = 0
        for _ in 0..<lines where rate.pass(at: now) { count += 1 }
        return count
    }

    @Test func passesTenSecondsWorthAtOnceAndThenTheRate() {
        var rate = LogRate(linesPerSecond: 5)
        var now = 1_000 * Self.second
        #expect(passes(&rate, 60, at: now) == 50)
        #expect(rate.takeSuppressed() == 10)
        now += Self.second
        #expect(passes(&rate, 60, at: now) == 5)
        #expect(rate.takeSuppressed() == 55)
        #expect(rate.takeSuppressed() == 0)
    }

    @Test func aLongSilenceAllowsNoMoreThanTheBurst() {
        var rate = LogRate(linesPerSecond: 1)
        #expect(passes(&rate, 1, at: 1_000 * Self.second) == 1)
        #expect(passes(&rate, 60, at: 5_000 * Self.second) == 10)
    }

    @Test func zeroIsNoLimit() {
        var rate = LogRate(linesPerSecond: 0)
        #expect(passes(&rate, 10_000, at: 0) == 10_000)
    }
}
