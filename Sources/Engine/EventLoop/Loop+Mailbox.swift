/// What other threads asked for, between callbacks.
extension LoopPointer {
    func readMailbox() {
        for message in pointee.mailbox.takeAll() {
            switch message {
            case .run(let body): body(self)
            case .deliver(let delivery): deliver(delivery)
            case .returned(let job, let result): finish(job, result)
            }
        }
    }

    func deliver(_ delivery: Delivery) {
        // An id of another instance's connection is as good as stale: a plugin reaches its own peers only.
        guard let connection = pointee.connections.find(delivery.connection),
            connection.pointee.binding.pointee.ledger === delivery.ledger
        else { return cancel(delivery) }
        if connection.pointee.isAway { return awayRecord(connection) { $0.deliveries.append(delivery) } }
        guard !connection.pointee.flags.contains(.closing) else { return cancel(delivery) }
        if connection.pointee.binding.pointee.usesWorkers { return handOver(connection, .delivery(delivery)) }
        beginCallback(connection, .delivery)
        delivery.function(delivery.context, OpaquePointer(connection), connection.pointee.session)
        endCallback(connection)
        finishTurn(connection)
        delivery.ledger.leave()
    }

    /// Tells the plugin that the connection is gone.
    func cancel(_ delivery: Delivery) {
        delivery.function(delivery.context, nil, nil)
        delivery.ledger.leave()
    }
}
