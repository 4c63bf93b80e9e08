import TestInput
import Testing

@testable import MartletClient

@Suite struct BufferTests {
    @Test func framesThatHaveNotLeftAreTakenBack() {
        var output = OutputQueue()
        output.append([1, 2, 3])
        output.append([4, 5])
        output.append([6, 7, 8])
        output.markSent(2)
        output.commit(2)
        #expect((output.sent, output.committed, output.end) == (2, 4, 8))
        output.remove(5..<8)
        output.append([9])
        #expect(output.withUnsent { Array($0) } == [3, 4, 5, 9])
        output.markSent(4)
        #expect(output.isEmpty)
        output.append([10])
        #expect(output.withUnsent { Array($0) } == [10])
        #expect((output.sent, output.committed) == (6, 6))
    }

    @Test func inputIsContiguousHoweverItIsConsumed() {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var buffer = InputBuffer()
        var (written, read) = (0, 0)
        for _ in 0..<300 {
            buffer.fill { room in
                #expect(room.count >= InputBuffer.smallestRoom)
                let count = Int.random(in: 0...min(room.count, 9_000), using: &random)
                for index in 0..<count { room[index] = UInt8(truncatingIfNeeded: (written + index) &* 7) }
                written += count
                return count
            }
            let waiting = buffer.storage[buffer.start..<buffer.end]
            #expect(buffer.count == written - read)
            #expect(waiting.first ?? UInt8(truncatingIfNeeded: read &* 7) == UInt8(truncatingIfNeeded: read &* 7))
            #expect(waiting.last ?? 0 == (waiting.isEmpty ? 0 : UInt8(truncatingIfNeeded: (written - 1) &* 7)))
            let consumed =
                Int.random(in: 0..<20, using: &random) == 0
                ? buffer.count : Int.random(in: 0...buffer.count, using: &random)
            buffer.consume(consumed)
            read += consumed
        }
    }

    @Test func aTableForgetsWhatWasRemoved() {
        var table = SlotTable<String>()
        let first = table.insert("a")
        let second = table.insert("b")
        #expect(table.remove(first) == "a")
        #expect(table[first] == nil && table[second] == "b")
        // The slot is not used before it is recycled.
        #expect(table.insert("c").slot == 2)
        table.recycle()
        let third = table.insert("d")
        #expect(third.slot == first.slot && third != first)
        #expect(table.remove(first) == nil)
        table[first]? += "x"
        table[third]? += "x"
        #expect(table[third] == "dx")
        #expect(table.count == 3 && Set(table.ids).count == 3)
    }

    @Test func aQueueKeepsItsOrder() {
        var queue = Queue<Int>()
        queue.prepend(0)
        for number in 1..<300 { queue.append(number) }
        for number in 0..<200 {
            #expect(queue.first == number)
            queue.removeFirst()
        }
        queue.prepend(199)
        for number in 199..<300 {
            #expect(queue.first == number)
            queue.removeFirst()
        }
        #expect(queue.isEmpty && queue.first == nil)
    }

    @Test func heartbeatsAreSentToAQuietServerOnly() {
        var heartbeat = ClientHeartbeat(intervalMilliseconds: 100, unansweredLimit: 2, nowMilliseconds: 1_000)
        #expect(heartbeat.tick(nowMilliseconds: 1_099) == .none)
        heartbeat.heard(nowMilliseconds: 1_050)
        #expect(heartbeat.tick(nowMilliseconds: 1_100) == .none)
        #expect(heartbeat.tick(nowMilliseconds: 1_150) == .ping)
        #expect(heartbeat.tick(nowMilliseconds: 1_249) == .none)
        #expect(heartbeat.tick(nowMilliseconds: 1_250) == .ping)
        #expect(heartbeat.tick(nowMilliseconds: 1_350) == .lost)
        heartbeat.heard(nowMilliseconds: 1_350)
        #expect(heartbeat.tick(nowMilliseconds: 1_450) == .ping)
        // A process that was stopped gives the server another interval.
        #expect(heartbeat.tick(nowMilliseconds: 9_000) == .ping)
        #expect(heartbeat.nextMilliseconds == 9_100)
        var never = ClientHeartbeat(intervalMilliseconds: 0, unansweredLimit: 2, nowMilliseconds: 0)
        #expect(never.nextMilliseconds == nil && never.tick(nowMilliseconds: .max) == .none)
    }
}
