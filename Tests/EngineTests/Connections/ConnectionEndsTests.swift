import Synchronization
import Testing

@testable import Engine

@Suite struct ConnectionEndsTests {
    private let ends = ConnectionEnds()
    private let told = Shared()

    private final class Shared: Sendable {
        private let numbers = Mutex<[Int]>([])
        func add(_ number: Int) { numbers.withLock { $0.append(number) } }
        var all: [Int] { numbers.withLock { $0.sorted() } }
    }

    private func add(_ connection: UInt64, _ number: UInt64, tells value: Int) {
        ends.add(ConnectionID(rawValue: connection), number) { [told] in told.add(value) }
    }

    private func tell(_ connection: UInt64) { ends.tell(ConnectionID(rawValue: connection)) }

    @Test func allOfAConnectionAreToldOnce() {
        add(1, 1, tells: 10)
        add(1, 2, tells: 20)
        add(2, 1, tells: 30)
        tell(3)
        #expect(told.all == [])
        tell(1)
        tell(1)
        #expect(told.all == [10, 20])
        tell(2)
        #expect(told.all == [10, 20, 30])
    }

    @Test func whoIsAddedAgainIsToldOnceAndWhoIsRemovedIsNot() {
        add(1, 1, tells: 10)
        add(1, 1, tells: 11)
        add(1, 2, tells: 20)
        ends.remove(ConnectionID(rawValue: 1), 2)
        ends.remove(ConnectionID(rawValue: 1), 3)
        ends.remove(ConnectionID(rawValue: 9), 1)
        tell(1)
        #expect(told.all == [11])
    }

    /// It may ask for more: the lock is not held.
    @Test func aFunctionMayAddAnother() {
        let (ends, told) = (ends, told)
        ends.add(ConnectionID(rawValue: 1), 1) {
            ends.add(ConnectionID(rawValue: 2), 1) { told.add(2) }
        }
        tell(1)
        tell(2)
        #expect(told.all == [2])
    }
}
