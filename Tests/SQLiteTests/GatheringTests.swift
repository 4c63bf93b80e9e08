import Testing

@testable import SQLite

@Suite struct GatheringTests {
    @Test func aSingleClientIsNotHeldUp() {
        var gathering = Gathering()
        #expect(gathering.plan(waiting: 1, limit: 100) == nil)
        gathering.note(batch: 1, nanoseconds: 1_000, disk: 900)
        #expect(gathering.plan(waiting: 1, limit: 100) == nil)
    }

    @Test func thoseWhoWereAnsweredAreWaitedFor() {
        var gathering = Gathering()
        gathering.note(batch: 32, nanoseconds: 1_000_000, disk: 600_000)
        #expect(gathering.plan(waiting: 32, limit: 100) == .init(count: 64, nanoseconds: 250_000))
        #expect(gathering.plan(waiting: 100, limit: 100) == nil)
        gathering.note(batch: 32, nanoseconds: 100_000_000, disk: 60_000_000)
        #expect(gathering.plan(waiting: 1, limit: 100)?.nanoseconds == 1_000_000)
    }

    @Test func aFastDiskIsNotWaitedFor() {
        var gathering = Gathering()
        gathering.note(batch: 32, nanoseconds: 1_000_000, disk: 500_000)
        #expect(gathering.plan(waiting: 32, limit: 100) == nil)
    }

    @Test func halfOfTheMissingAreWaitedForAtOnce() {
        #expect([64, 32, 16, 15, 9, 8, 3, 1].map { Gathering.portion(of: $0) } == [32, 16, 8, 8, 8, 8, 3, 1])
    }

    @Test func waitingInVainStopsForAWhile() {
        var gathering = Gathering()
        gathering.note(batch: 8, nanoseconds: 1_000, disk: 900)
        for _ in 0..<2 {
            #expect(gathering.plan(waiting: 1, limit: 100) != nil)
            gathering.note(reached: false)
        }
        for _ in 0..<32 { #expect(gathering.plan(waiting: 1, limit: 100) == nil) }
        #expect(gathering.plan(waiting: 1, limit: 100) != nil)
        gathering.note(reached: true)
        #expect(gathering.plan(waiting: 1, limit: 100) != nil)
    }
}
