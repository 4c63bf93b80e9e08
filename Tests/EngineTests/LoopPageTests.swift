import Testing

@testable import Engine

@Suite struct LoopPageTests {
    @Test func hasNoPointersAndStartsZeroed() throws {
        let page = try LoopPage()
        defer { page.unmap() }
        let (turns, running) = (page.header.pointee.turns.value, page.running.pointee.observation)
        #expect(turns == 0 && running == nil)
        let last = page.record(LoopPage.recordLimit - 1)
        let (open, loans) = (last.pointee.openConnections, last.pointee.loans)
        #expect(open == 0 && loans == 0)
        let hits = Limit.allCases.map { last.pointee.hits[$0] }
        #expect(hits.allSatisfy { $0 == 0 })
        // Only counters of eight bytes: 16, and one for each limit.
        #expect(MemoryLayout<InstanceCounters>.size == (16 + Limit.allCases.count) * 8)
        #expect(MemoryLayout<LoopHeader>.size == 4 * 8)
    }

    @Test func recordsAreSeparateAndCanBeCleared() throws {
        let page = try LoopPage()
        defer { page.unmap() }
        for number in 0..<3 {
            page.record(number).pointee.accepted.add(UInt64(number + 1))
            page.record(number).pointee.hits.hit(.workerQueue)
        }
        page.clear(1)
        let accepted = (0..<3).map { page.record($0).pointee.accepted.value }
        #expect(accepted == [1, 0, 3])
        let hits = (0..<3).map { page.record($0).pointee.hits[.workerQueue] }
        #expect(hits == [1, 0, 1])
    }

    @Test func openConnectionsAndLoansAreDifferences() throws {
        let page = try LoopPage()
        defer { page.unmap() }
        let record = page.record(7)
        record.pointee.accepted.add(5)
        record.pointee.movedIn.add(2)
        record.pointee.movedOut.add(1)
        record.pointee.closed.add(3)
        record.pointee.lent.add(2)
        record.pointee.returned.add(1)
        let (open, loans, isIdle) = (
            record.pointee.openConnections, record.pointee.loans, record.pointee.isIdle
        )
        #expect(open == 3)
        #expect(loans == 1)
        #expect(!isIdle)
    }

    @Test func theLongestUnusedNumberIsTakenNext() {
        let numbers = RecordNumbers()
        #expect(numbers.take() == 0)
        #expect(numbers.take() == 1)
        numbers.give(0)
        #expect(numbers.take() == 2, "0 keeps its last values for a while")
        for _ in 3..<LoopPage.recordLimit { #expect(numbers.take() != nil) }
        #expect(numbers.take() == 0)
        #expect(numbers.take() == nil)
    }
}
