import Testing

@testable import MartletClient

@Suite struct AddressRaceTests {
    @Test func theNextAddressFollowsAfterADelay() {
        var race = AddressRace(addresses: 3)
        #expect(race.next(nowMilliseconds: 1_000) == 0)
        #expect(race.next(nowMilliseconds: 1_000) == nil)
        #expect(race.nextMilliseconds == 1_250)
        #expect(race.next(nowMilliseconds: 1_249) == nil)
        #expect(race.next(nowMilliseconds: 1_250) == 1)
        #expect(race.nextMilliseconds == 1_500)
        #expect(race.next(nowMilliseconds: 1_600) == 2)
        #expect(race.nextMilliseconds == nil)
        #expect(race.next(nowMilliseconds: 9_000) == nil)
        #expect(!race.isLost)
    }

    @Test func theNextAddressFollowsAtOnceWhenNoOtherIsTried() {
        var race = AddressRace(addresses: 2)
        #expect(race.next(nowMilliseconds: 0) == 0)
        race.failed()
        #expect(!race.isLost)
        #expect(race.next(nowMilliseconds: 1) == 1)
        race.failed()
        #expect(race.isLost)
        #expect(race.next(nowMilliseconds: 1_000) == nil)
    }

    @Test func familiesTakeTurns() {
        #expect(AddressRace.interleave([6, 6, 6, 4, 4]) { $0 == 6 } == [6, 4, 6, 4, 6])
        #expect(AddressRace.interleave([4, 4]) { $0 == 4 } == [4, 4])
        #expect(AddressRace.interleave([Int]()) { $0 == 4 } == [])
    }
}
