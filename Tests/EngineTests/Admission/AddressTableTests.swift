import TestInput
import Testing

@testable import Engine

@Suite struct AddressTableTests {
    private let start: UInt64 = 5_000_000_000
    private let slow = RateLimit(perSecond: 1, burst: 1)

    private func key(_ number: Int) -> AddressKey {
        AddressKey(
            address: PeerAddress(ipv4: "10.\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)", port: 1)!)
    }

    private func network(_ text: String) -> AddressKey { AddressKey(networkOf: PeerAddress(ipv6: text, port: 1)!) }

    private func isRested(_ entry: AddressEntryPointer) -> Bool { entry.pointee.requests.isRested(at: start) }

    @Test func countsTheConnectionsOfEachAddress() throws {
        let table = AddressTable()
        let first = try (0..<3).map { _ in try #require(table.enter(key(1), limit: 3)) }
        #expect(first.allSatisfy { $0 == first[0] })
        #expect(table.enter(key(1), limit: 3) == nil)
        #expect(table.enter(key(2), limit: 3) != nil)
        table.leave(first[0], at: start)
        #expect(table.enter(key(1), limit: 3) != nil)
        #expect(table.enter(key(1), limit: 3) == nil)
    }

    @Test func thePortIsNotPartOfAnAddress() throws {
        let table = AddressTable()
        let peers = [1, 2].map { PeerAddress(ipv4: "10.0.0.1", port: $0)! }
        #expect(table.enter(AddressKey(address: peers[0]), limit: 1) != nil)
        #expect(table.enter(AddressKey(address: peers[1]), limit: 1) == nil)
    }

    @Test func zeroIsNoLimit() {
        let table = AddressTable()
        for _ in 0..<1_000 { #expect(table.enter(key(1), limit: 0) != nil) }
    }

    @Test func aLoweredLimitAppliesToTheNextConnection() throws {
        let table = AddressTable()
        let entries = try (0..<5).map { _ in try #require(table.enter(key(1), limit: 0)) }
        #expect(table.enter(key(1), limit: 2) == nil)
        for entry in entries.prefix(4) { table.leave(entry, at: start) }
        #expect(table.enter(key(1), limit: 2) != nil)
        #expect(table.enter(key(1), limit: 2) == nil)
    }

    @Test func theNetworkIsTheFirstHalfOfAnAddress() {
        #expect(network("2001:db8::1") == network("2001:db8::ffff:1"))
        #expect(network("2001:db8::1") != network("2001:db8:0:1::1"))
        // A network is not an address, even when their bits are the same.
        #expect(network("2001:db8::") != AddressKey(address: PeerAddress(ipv6: "2001:db8::", port: 0)!))
    }

    @Test func aRestedAddressIsForgottenWithItsLastConnection() throws {
        let table = AddressTable()
        for number in 0..<1_000 { table.leave(try #require(table.enter(key(number), limit: 1)), at: start) }
        #expect(table.count == 0)
    }

    @Test func anAddressAheadOfItsRateIsRememberedUntilItHasRested() throws {
        let table = AddressTable()
        let entry = try #require(table.enter(key(1), limit: 1))
        for _ in 0..<3 { _ = entry.pointee.requests.charge(slow, at: start) }
        table.leave(entry, at: start)
        #expect(table.count == 1)
        let again = try #require(table.enter(key(1), limit: 1))
        #expect(again == entry)
        let later = start + 500_000_000
        let lead = again.pointee.requests.charge(slow, at: later)
        #expect(lead == 3_500_000_000, "coming back gains nothing")
        table.leave(again, at: later)
        #expect(table.count == 1)
        table.leave(try #require(table.enter(key(2), limit: 1)), at: start + 10_000_000_000)
        #expect(table.count == 0)
    }

    @Test func aboveTheLimitTheOldestAddressesAreForgotten() throws {
        let table = AddressTable()
        let open = try #require(table.enter(key(0), limit: 1))
        let limit = AddressTable.idleLimit
        for number in 1...(limit + 1_000) {
            let entry = try #require(table.enter(key(number), limit: 1))
            for _ in 0..<3 { _ = entry.pointee.requests.charge(slow, at: start) }
            table.leave(entry, at: start)
            #expect(table.count <= limit + 1)
        }
        #expect(table.count == limit + 1)
        // The first thousand were forgotten and start again; those after them were kept.
        let forgotten = try #require(table.enter(key(1_000), limit: 1))
        #expect(isRested(forgotten))
        let kept = try #require(table.enter(key(1_001), limit: 1))
        #expect(!isRested(kept))
        // An address with a connection is never forgotten.
        #expect(table.enter(key(0), limit: 1) == nil)
        table.leave(open, at: start)
    }

    @Test(arguments: UInt64(1)...4) func countsStayRightWhenConnectionsComeAndGoAtRandom(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let table = AddressTable()
        var held: [[AddressEntryPointer]] = Array(repeating: [], count: 8)
        var now = start
        for _ in 0..<5_000 {
            now += UInt64.random(in: 0...1_000_000_000, using: &generator)
            let number = Int.random(in: 0..<8, using: &generator)
            if Bool.random(using: &generator) {
                let entry = table.enter(key(number), limit: 5)
                #expect((entry != nil) == (held[number].count < 5), "seed \(seed)")
                guard let entry else { continue }
                #expect(held[number].allSatisfy { $0 == entry }, "seed \(seed)")
                held[number].append(entry)
                if Bool.random(using: &generator) { _ = entry.pointee.requests.charge(slow, at: now) }
            } else if let entry = held[number].popLast() {
                table.leave(entry, at: now)
            }
            #expect(table.count >= held.count { !$0.isEmpty }, "seed \(seed)")
            #expect(table.count <= 8, "seed \(seed)")
        }
    }

    @Test func severalThreadsMayEnterAndLeaveAtOnce() {
        let table = AddressTable()
        let keys = (0..<4).map { key($0) }
        let now = start
        onThreads(4) {
            for round in 0..<5_000 {
                if let entry = table.enter(keys[round % keys.count], limit: 2) { table.leave(entry, at: now) }
            }
        }
        #expect(table.count == 0)
    }
}
