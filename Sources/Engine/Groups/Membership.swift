/// A connection in a group. Trivial, so that going through the members of a group counts no references.
struct Membership {
    /// What happens to a member that does not read.
    package enum Policy: UInt8 { case skip, close }

    /// Retained. nil: the place is free.
    var group: Unmanaged<Group>?
    /// The slot of the connection among those of its loop.
    var slot: UInt32
    var policy: Policy
    /// The most bytes of output that may wait for it; 0: the high-water mark.
    var backlog: Int
    /// The messages of the group that were sent before it joined.
    var sentBefore: UInt64
    /// For a successor of this process.
    var kept: UnsafeMutablePointer<KeptMembership>?
    /// Its place among the members of the group on this loop.
    var position: UInt32
    /// Its neighbours among the memberships of the connection, as numbers; 0: there is none. `next` also links the free places.
    var next: UInt32 = 0
    var previous: UInt32 = 0
}
