/// A hierarchical timing wheel (Varghese and Lauck, 1987): timers are numbers, time is whole milliseconds.
///
/// Every connection has at most one entry, at or before the earliest of its deadlines. Activity does not move the entry:
/// when it comes due, the owner looks at the real deadlines and schedules again (lazy timeouts). So a request costs no
/// timer operation.
///
/// Six levels of 64 slots span 2^36 ms. Timers beyond that wait in the last level and are placed again.
package struct TimerWheel: ~Copyable {
    private static let levels = 6
    private static let none = UInt32.max

    private struct Node {
        var next: UInt32 = TimerWheel.none
        var previous: UInt32 = TimerWheel.none
        /// Index of the list that contains this node, or `none` when it is not scheduled.
        var list: UInt32 = TimerWheel.none
        var deadline: UInt64 = 0
    }

    private var nodes: ContiguousArray<Node> = []
    /// `levels * 64` lists, followed by the list of the timers that are due.
    private var heads: ContiguousArray<UInt32>
    /// One bit per slot with a timer in it.
    private var occupied: ContiguousArray<UInt64>
    private var time: UInt64
    /// Timers that are scheduled.
    package private(set) var count = 0

    private static var due: UInt32 { UInt32(levels * 64) }

    /// - Parameter now: milliseconds on the owner's clock.
    package init(now: UInt64) {
        time = now
        heads = ContiguousArray(repeating: Self.none, count: Self.levels * 64 + 1)
        occupied = ContiguousArray(repeating: 0, count: Self.levels)
    }

    /// The time at which a timer is scheduled, if it is.
    package func deadline(of timer: UInt32) -> UInt64? {
        guard timer < nodes.count, nodes[Int(timer)].list != Self.none else { return nil }
        return nodes[Int(timer)].deadline
    }

    /// Schedules a timer, or moves it. A deadline in the past is due at once.
    package mutating func schedule(_ timer: UInt32, at deadline: UInt64) {
        while nodes.count <= timer { nodes.append(Node()) }
        cancel(timer)
        nodes[Int(timer)].deadline = deadline
        link(timer, into: list(for: deadline))
        count += 1
    }

    package mutating func cancel(_ timer: UInt32) {
        guard timer < nodes.count, nodes[Int(timer)].list != Self.none else { return }
        unlink(timer)
        count -= 1
    }

    /// Removes and returns one timer whose deadline is not after `now`; nil when none is left.
    package mutating func popExpired(now: UInt64) -> UInt32? {
        if now > time { advance(to: now) }
        let timer = heads[Int(Self.due)]
        guard timer != Self.none else { return nil }
        unlink(timer)
        count -= 1
        return timer
    }

    /// A time at which `popExpired` has something to do: never after the earliest deadline, and never before now.
    package var nextWake: UInt64? {
        guard count > 0 else { return nil }
        if heads[Int(Self.due)] != Self.none { return time }
        var earliest = UInt64.max
        for level in 0..<Self.levels where occupied[level] != 0 {
            let shift = UInt64(level * 6)
            // From the slot of now on.
            let distance = UInt64(rotated(occupied[level], by: 0 &- (time >> shift)).trailingZeroBitCount)
            earliest = min(earliest, ((time >> shift) + distance) << shift)
        }
        return max(earliest, time)
    }

    private mutating func advance(to now: UInt64) {
        let old = time
        time = now
        for level in 0..<Self.levels {
            let shift = UInt64(level * 6)
            let passed = (now >> shift) - (old >> shift)
            guard passed > 0 else { break }
            var slots = passed >= 64 ? UInt64.max : (UInt64(1) << passed) - 1
            slots = rotated(slots, by: (old >> shift) + 1) & occupied[level]
            while slots != 0 {
                let slot = slots.trailingZeroBitCount
                slots &= slots - 1
                replace(listAt: UInt32(level * 64 + slot))
            }
        }
    }

    /// Places the timers of a list again, now that time has moved.
    private mutating func replace(listAt list: UInt32) {
        var timer = heads[Int(list)]
        heads[Int(list)] = Self.none
        occupied[Int(list / 64)] &= ~(UInt64(1) << UInt64(list % 64))
        while timer != Self.none {
            let next = nodes[Int(timer)].next
            link(timer, into: self.list(for: nodes[Int(timer)].deadline))
            timer = next
        }
    }

    private func list(for deadline: UInt64) -> UInt32 {
        guard deadline > time else { return Self.due }
        let distance = deadline - time
        let level = min((63 - distance.leadingZeroBitCount) / 6, Self.levels - 1)
        let shift = UInt64(level * 6)
        // Never a whole revolution ahead, which would be the current slot. A timer that is placed too early is placed again at that time.
        let capped = min(deadline >> shift, (time >> shift) + 63)
        return UInt32(level * 64) + UInt32(capped & 63)
    }

    private mutating func link(_ timer: UInt32, into list: UInt32) {
        let head = heads[Int(list)]
        nodes[Int(timer)].previous = Self.none
        nodes[Int(timer)].next = head
        nodes[Int(timer)].list = list
        if head != Self.none { nodes[Int(head)].previous = timer }
        heads[Int(list)] = timer
        if list < Self.due { occupied[Int(list / 64)] |= UInt64(1) << UInt64(list % 64) }
    }

    private mutating func unlink(_ timer: UInt32) {
        let node = nodes[Int(timer)]
        if node.next != Self.none { nodes[Int(node.next)].previous = node.previous }
        if node.previous != Self.none {
            nodes[Int(node.previous)].next = node.next
        } else {
            heads[Int(node.list)] = node.next
            if node.next == Self.none, node.list < Self.due {
                occupied[Int(node.list / 64)] &= ~(UInt64(1) << UInt64(node.list % 64))
            }
        }
        nodes[Int(timer)].list = Self.none
    }
}

/// Rotates to the left. The count is taken modulo 64.
private func rotated(_ bits: UInt64, by count: UInt64) -> UInt64 { bits &<< count | bits &>> (0 &- count) }
