/// The memberships of the connections of one loop. They are numbered from 1.
struct LoopGroups: ~Copyable {
    private var memberships: ContiguousArray<Membership> = []
    private var free: UInt32 = 0

    subscript(number: UInt32) -> Membership {
        get { memberships[Int(number) - 1] }
        set { memberships[Int(number) - 1] = newValue }
    }

    mutating func take(_ membership: Membership) -> UInt32 {
        guard free != 0 else {
            memberships.append(membership)
            return UInt32(memberships.count)
        }
        let number = free
        free = self[number].next
        self[number] = membership
        return number
    }

    mutating func give(_ number: UInt32) {
        self[number].group?.release()
        self[number] = Membership(
            group: nil, slot: 0, policy: .skip, backlog: 0, sentBefore: 0, kept: nil, position: 0,
            next: free)
        free = number
    }

    mutating func change(_ number: UInt32, _ policy: Membership.Policy, backlog: Int) {
        memberships[Int(number) - 1].policy = policy
        memberships[Int(number) - 1].backlog = backlog
    }

    mutating func setPosition(_ number: UInt32, _ position: Int) {
        memberships[Int(number) - 1].position = UInt32(position)
    }

    mutating func link(_ number: UInt32, next: UInt32) {
        memberships[Int(number) - 1].next = next
        if next != 0 { memberships[Int(next) - 1].previous = number }
    }

    deinit { for membership in memberships { membership.group?.release() } }

    /// Takes a membership out of its connection's list. Returns the new head of the list.
    mutating func unlink(_ number: UInt32, head: UInt32) -> UInt32 {
        let (next, previous) = (self[number].next, self[number].previous)
        if next != 0 { memberships[Int(next) - 1].previous = previous }
        if previous != 0 { memberships[Int(previous) - 1].next = next }
        return previous == 0 ? next : head
    }
}
