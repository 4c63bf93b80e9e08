import Testing

@testable import BinaryWire

@Suite struct RequestTableTests {
    @Test func skipsTheReservedIDWhenIDsWrap() {
        var table = RequestTable(capacity: 4, firstID: .max)
        #expect(table.claim(.ping) == .max)
        #expect(table.claim(.get) == 1)
        #expect(table.opcode(of: 0) == nil && table.opcode(of: 1) == .get)
    }

    @Test(arguments: [(-1, 1), (0, 1), (1, 1), (3, 4), (4, 4), (5, 8), (100_000, 65_536)])
    func roundsItsCapacityUp(asked: Int, given: Int) {
        var table = RequestTable(capacity: asked)
        for _ in 0..<given { #expect(table.claim(.ping) != nil) }
        #expect(table.claim(.ping) == nil && table.count == given)
    }

    @Test func doesNotMistakeAnOldIDForTheNextRequestInItsSlot() {
        var table = RequestTable(capacity: 1)
        #expect(table.claim(.ping) == 1)
        table.release(1)
        #expect(table.claim(.get) == 2)
        #expect(table.opcode(of: 1) == nil)
        table.release(1)
        #expect(table.count == 1 && table.opcode(of: 2) == .get)
    }
}
