import CLinux
import Glibc
import Testing

@testable import Engine

/// Limits that several processes have together. Here each mapping of the page stands for one of them.
@Suite struct SharedQuotasTests {
    private func pages() throws -> [SharedQuotas] {
        let first = try SharedQuotas()
        return [first, try SharedQuotas(sharing: dup(first.descriptor))]
    }

    @Test func aLimitCountsWhatAllUse() throws {
        let pages = try pages()
        for place in 0..<2 { pages[0].open(place) }
        let quotas = (0..<2).map { Quota(limit: 3, shared: pages[$0].connections($0)) }
        #expect(quotas[0].take() && quotas[1].take(2))
        #expect(!quotas[0].take() && !quotas[1].take())
        #expect(quotas.map(\.count) == [1, 2], "what was refused is not counted")
        #expect(quotas.filter { !$0.isExhausted }.isEmpty)
        quotas[1].give()
        #expect(!quotas[0].isExhausted && quotas[0].isScarce && quotas[0].take())
    }

    @Test func limitsAreApart() throws {
        let pages = try pages()
        pages[0].open(0)
        let connections = Quota(limit: 1, shared: pages[0].connections(0))
        let buffers = Quota(limit: 1, shared: pages[1].buffers(0))
        #expect(connections.take() && buffers.take() && !connections.take())
    }

    @Test func whatADeadProcessUsedIsFree() throws {
        let pages = try pages()
        for place in 0..<2 { pages[0].open(place) }
        let (dead, living) = (
            Quota(limit: 2, shared: pages[1].connections(1)), Quota(limit: 2, shared: pages[0].connections(0))
        )
        #expect(dead.take(2) && !living.take())
        pages[0].clear(1)
        #expect(living.take(2) && living.count == 2)
        // Its successor begins with nothing.
        pages[0].open(1)
        #expect(Quota(limit: 3, shared: pages[1].connections(1)).take())
    }

    @Test func whatIsNoSuchPageIsRefused() throws {
        var pair: [Int32] = [-1, -1]
        #expect(linux_pipe(&pair) == 0)
        defer { close(pair[1]) }
        #expect(throws: (any Error).self) { _ = try SharedQuotas(sharing: pair[0]) }
        // The descriptor's number may be another file's already. The writing end knows that nobody can read.
        var writer = pollfd(fd: pair[1], events: 0, revents: 0)
        #expect(poll(&writer, 1, 60_000) == 1 && writer.revents == Int16(POLLERR), "the other end is closed")
        let pages = try PublishedPages(loopCount: 1, isInFile: true)
        #expect(throws: (any Error).self) { _ = try SharedQuotas(sharing: dup(pages.descriptor)) }
    }
}
