/// Handles the messages of other threads, between callbacks.
extension LoopPointer {
    /// Messages that were taken from the mailbox still wait.
    @inline(__always)
    var hasMail: Bool { pointee.inbox.count > 0 }

    /// Empties the mailbox into the inbox, from which each turn handles a part.
    func takeMail() {
        pointee.mailbox.takeAll(leaving: &pointee.taken)
        for message in pointee.taken { pointee.inbox.append(message) }
        // The memory of a burst is freed after it.
        pointee.taken.removeAll(keepingCapacity: pointee.taken.count <= 4_096)
    }

    func readMailbox() {
        for _ in 0..<LoopCore.messageBatch {
            guard let message = pointee.inbox.takeFirst() else { return }
            switch message {
            case .run(let body): body(self)
            case .deliver(let delivery): deliver(delivery)
            case .broadcast(let message): broadcast(message)
            case .returned(let job, let result): finish(job, result)
            }
        }
    }
}
