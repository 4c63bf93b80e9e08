/// The events on the loop of a connection that a worker has. They take effect when the connection comes back.
struct AwayRecord {
    /// Events of epoll_wait(2).
    var events: UInt32 = 0
    /// At most as many as the mailbox has places.
    var deliveries = Queue<Delivery>()
    var isQueued = false
    var drains = false
    var moves = false
    var ends = false
    /// Set while the session is here for one delivery: the generation to which it goes back. That generation's ledger has been entered.
    var origin: BindingPointer?

    /// Puts what is left of an earlier absence before the events of this one. Takes the deliveries out of `earlier`.
    mutating func prepend(_ earlier: inout AwayRecord) {
        events |= earlier.events
        swap(&deliveries, &earlier.deliveries)
        while let delivery = earlier.deliveries.takeFirst() { deliveries.append(delivery) }
        isQueued = isQueued || earlier.isQueued
        drains = drains || earlier.drains
        moves = moves || earlier.moves
        ends = ends || earlier.ends
        origin = origin ?? earlier.origin
    }
}
