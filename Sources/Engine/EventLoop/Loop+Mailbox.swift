/// What other threads asked for, between callbacks.
extension LoopPointer {
    func readMailbox() {
        for message in pointee.mailbox.takeAll() {
            switch message {
            case .run(let body): body(self)
            case .deliver(let delivery): deliver(delivery)
            }
        }
    }

    private func deliver(_ delivery: Delivery) {
        // An id of another instance's connection is as good as stale: a plugin reaches its own peers only.
        if let connection = pointee.connections.find(delivery.connection),
            connection.pointee.binding.pointee.ledger === delivery.ledger,
            !connection.pointee.flags.contains(.closing)
        {
            beginCallback(connection)
            delivery.function(delivery.context, OpaquePointer(connection), connection.pointee.session)
            endCallback(connection)
            finishTurn(connection)
        } else {
            delivery.function(delivery.context, nil, nil)
        }
        delivery.ledger.leave()
    }
}
