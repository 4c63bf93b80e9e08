import CLinux
import Glibc
import Testing
import Threads

@testable import Engine

@Suite struct LoopPageTests {
    @Test func hasNoPointersAndStartsZeroed() throws {
        let pages = try PublishedPages(loopCount: 1, isInFile: false)
        let page = pages.loops[0]
        let (turns, running) = (page.header.pointee.turns.value, page.running.pointee.observation)
        #expect(turns == 0 && running == nil)
        let last = page.record(LoopPage.recordLimit - 1)
        let (open, loans) = (last.pointee.openConnections, last.pointee.loans)
        #expect(open == 0 && loans == 0)
        let hits = Limit.allCases.map { last.pointee.hits[$0] }
        #expect(hits.allSatisfy { $0 == 0 })
        // Only counters of eight bytes: 17, and one for each limit.
        #expect(MemoryLayout<InstanceCounters>.size == (17 + Limit.allCases.count) * 8)
        #expect(MemoryLayout<LoopHeader>.size == 6 * 8)
    }

    @Test func recordsAreSeparateAndCanBeCleared() throws {
        let pages = try PublishedPages(loopCount: 1, isInFile: false)
        let page = pages.loops[0]
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
        let pages = try PublishedPages(loopCount: 1, isInFile: false)
        let page = pages.loops[0]
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

    /// The counters outlive the process that writes them, as long as another has the file.
    @Test func anotherProcessReadsThem() throws {
        var pages: PublishedPages? = try PublishedPages(loopCount: 2, isInFile: true)
        let reader = try PublishedPages(reading: dup(try #require(pages).descriptor))
        #expect(reader.loops.count == 2)
        for (index, page) in try #require(pages).loops.enumerated() {
            page.header.pointee.turns.add(UInt64(index + 1))
            page.record(LoopPage.recordLimit - 1).pointee.accepted.add(UInt64(10 * (index + 1)))
            page.running.pointee.begin(.received, 7)
        }
        pages = nil
        for (index, page) in reader.loops.enumerated() {
            let (turns, accepted) = (
                page.header.pointee.turns.value, page.record(LoopPage.recordLimit - 1).pointee.accepted.value
            )
            #expect(turns == UInt64(index + 1) && accepted == UInt64(10 * (index + 1)))
            let running = page.running.pointee.observation
            #expect(running?.kind == .received && running?.label == 7)
        }
    }

    @Test func aForeignFileIsNotRead() throws {
        let file = linux_memory_file("test")
        #expect(ftruncate(file, 8_192) == 0)
        #expect(throws: SystemError.self, "it can still shrink") { _ = try PublishedPages(reading: dup(file)) }
        #expect(linux_seal(file, 0) == 0)
        #expect(throws: SystemError.self, "it has no header") { _ = try PublishedPages(reading: dup(file)) }
        let pages = try PublishedPages(loopCount: 1, isInFile: true)
        var header = [UInt8](repeating: 0, count: 24)
        #expect(pread(pages.descriptor, &header, 24, 0) == 24 && pwrite(file, header, 24, 0) == 24)
        #expect(throws: SystemError.self, "it has another size") { _ = try PublishedPages(reading: dup(file)) }
        #expect(throws: SystemError.self) { _ = try PublishedPages(reading: -1) }
        close(file)
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
