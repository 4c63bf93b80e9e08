/// The events on the loop of a connection that a worker has. They take effect when the connection comes back.
struct AwayRecord {
    /// Events of epoll_wait(2).
    var events: UInt32 = 0
    /// At most as many as the mailbox has places.
    var deliveries = Queue<Delivery>()
    /// Messages to its groups, retained, and their bytes.
    private var messages: ContiguousArray<MemberMessage> = []
    private(set) var messageBytes = 0
    var isQueued = false
    var drains = false
    var moves = false
    /// Why it is to end.
    var end: CloseReason?
    /// Set while the session is here for one delivery: the generation to which it goes back. That generation's ledger has been entered.
    var origin: BindingPointer?

    mutating func append(_ message: MemberMessage) {
        _ = message.bytes.retain()
        messages.append(message)
        messageBytes += message.count
    }

    /// Removes all messages and passes them on, the oldest first.
    mutating func takeMessages(_ body: (MemberMessage) -> Void) {
        let taken = messages
        messages = []
        messageBytes = 0
        for message in taken {
            body(message)
            message.bytes.release()
        }
    }

    /// Puts what is left of an earlier absence before the events of this one. Takes the deliveries out of `earlier`.
    mutating func prepend(_ earlier: inout AwayRecord) {
        events |= earlier.events
        swap(&deliveries, &earlier.deliveries)
        while let delivery = earlier.deliveries.takeFirst() { deliveries.append(delivery) }
        isQueued = isQueued || earlier.isQueued
        drains = drains || earlier.drains
        moves = moves || earlier.moves
        end = end ?? earlier.end
        messages = earlier.messages + messages
        messageBytes += earlier.messageBytes
        origin = origin ?? earlier.origin
    }
}
