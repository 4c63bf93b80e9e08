/// Handles the messages of other threads, between callbacks.
extension LoopPointer {
    /// Messages that were taken from the mailbox still wait.
    var hasMail: Bool { pointee.inboxHead < pointee.inbox.count }

    /// Empties the mailbox into the inbox, from which each turn handles a part.
    func takeMail() {
        if !hasMail {
            pointee.inbox = pointee.mailbox.takeAll()
            pointee.inboxHead = 0
        } else {
            pointee.inbox.append(contentsOf: pointee.mailbox.takeAll())
        }
    }

    func readMailbox() {
        for _ in 0..<LoopCore.messageBatch where hasMail {
            let message = pointee.inbox[pointee.inboxHead]
            pointee.inboxHead += 1
            switch message {
            case .run(let body): body(self)
            case .deliver(let delivery): deliver(delivery)
            case .broadcast(let message): broadcast(message)
            case .returned(let job, let result): finish(job, result)
            }
        }
        guard !hasMail else {
            // If more messages arrive than a turn handles, the inbox is never empty, so the handled ones are removed here.
            if pointee.inboxHead * 2 >= pointee.inbox.count {
                pointee.inbox.removeFirst(pointee.inboxHead)
                pointee.inboxHead = 0
            }
            return
        }
        pointee.inbox.removeAll()
        pointee.inboxHead = 0
    }
}
