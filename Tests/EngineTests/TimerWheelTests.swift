import TestInput
import Testing

@testable import Engine

@Suite struct TimerWheelTests {
    /// Removes all due timers, in any order.
    private func expired(_ wheel: inout TimerWheel, at now: UInt64) -> Set<UInt32> {
        var found: Set<UInt32> = []
        while let timer = wheel.popExpired(now: now) {
            #expect(found.insert(timer).inserted, "a timer fires once")
        }
        return found
    }

    @Test func firesAtItsDeadlineAndNotBefore() {
        for start in [0, 1, 63, 64, 4_095, 4_096, 1 << 36, UInt64(1_700_000_000_000)] {
            for distance in [
                0, 1, 2, 62, 63, 64, 65, 127, 128, 4_095, 4_096, 4_097, 262_143, 262_144, 1 << 24, 1 << 35,
            ] {
                var wheel = TimerWheel(now: start)
                let deadline = start + UInt64(distance)
                wheel.schedule(7, at: deadline)
                if distance > 0 { #expect(expired(&wheel, at: deadline - 1) == [], "\(start) + \(distance)") }
                #expect(expired(&wheel, at: deadline) == [7], "\(start) + \(distance)")
                #expect(wheel.count == 0)
                #expect(wheel.nextWake == nil)
            }
        }
    }

    @Test func aDeadlineInThePastIsDueAtOnce() {
        var wheel = TimerWheel(now: 1_000)
        wheel.schedule(1, at: 3)
        #expect(wheel.nextWake == 1_000)
        #expect(expired(&wheel, at: 1_000) == [1])
    }

    @Test func reachesBeyondItsSpan() {
        var wheel = TimerWheel(now: 5)
        let deadline = UInt64(1) << 40
        wheel.schedule(1, at: deadline)
        #expect(expired(&wheel, at: deadline - 1) == [])
        #expect(expired(&wheel, at: deadline) == [1])
    }

    @Test func movesAndCancels() {
        var wheel = TimerWheel(now: 0)
        wheel.schedule(1, at: 100)
        wheel.schedule(1, at: 10)
        #expect(wheel.count == 1)
        #expect(wheel.deadline(of: 1) == 10)
        wheel.schedule(2, at: 10)
        wheel.cancel(1)
        wheel.cancel(1)
        wheel.cancel(99)
        #expect(wheel.deadline(of: 1) == nil)
        #expect(expired(&wheel, at: 1_000) == [2])
    }

    @Test func aDueTimerCanStillBeCancelled() {
        var wheel = TimerWheel(now: 0)
        for timer in 1...3 as ClosedRange<UInt32> { wheel.schedule(timer, at: 5) }
        let first = wheel.popExpired(now: 5)
        #expect(first != nil)
        for timer in 1...3 as ClosedRange<UInt32> where timer != first { wheel.cancel(timer) }
        #expect(wheel.popExpired(now: 5) == nil)
        #expect(wheel.count == 0)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func behavesLikeASortedList(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var now = UInt64.random(in: 0..<1 << 40, using: &generator)
        var wheel = TimerWheel(now: now)
        var model: [UInt32: UInt64] = [:]
        for _ in 0..<4_000 {
            let timer = UInt32.random(in: 0..<200, using: &generator)
            switch UInt8.random(in: 0..<10, using: &generator) {
            case 0..<6:
                let scale = UInt64(1) << UInt64.random(in: 0..<26, using: &generator)
                let deadline = now + UInt64.random(in: 0..<scale, using: &generator)
                wheel.schedule(timer, at: deadline)
                model[timer] = deadline
            case 6..<8:
                wheel.cancel(timer)
                model[timer] = nil
            default:
                let scale = UInt64(1) << UInt64.random(in: 0..<20, using: &generator)
                now += UInt64.random(in: 0..<scale, using: &generator)
                let due = Set(model.filter { $0.value <= now }.keys)
                #expect(expired(&wheel, at: now) == due, "seed \(seed)")
                for timer in due { model[timer] = nil }
            }
            #expect(wheel.count == model.count, "seed \(seed)")
            if let earliest = model.values.min() {
                let wake = wheel.nextWake
                #expect(wake != nil && wake! <= max(earliest, now), "seed \(seed)")
            } else {
                #expect(wheel.nextWake == nil, "seed \(seed)")
            }
        }
    }

    @Test func wakesFewTimesForADistantDeadline() {
        var wheel = TimerWheel(now: 123)
        wheel.schedule(1, at: 123 + 10_000_000)
        var wakes = 0
        while let wake = wheel.nextWake {
            wakes += 1
            if wheel.popExpired(now: wake) != nil { break }
            #expect(wakes < 20)
            guard wakes < 20 else { break }
        }
        #expect(wakes <= 6)
    }
}
