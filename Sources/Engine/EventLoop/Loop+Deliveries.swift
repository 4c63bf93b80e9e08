/// Runs functions of plugins on the loop of a connection: `post`, and the completion of `submit`.
extension LoopPointer {
    func deliver(_ delivery: Delivery) {
        if _slowPath(pointee.stillCount > 0), postpones(delivery) { return }
        guard let connection = pointee.connections.find(delivery.connection) else { return cancel(delivery) }
        if connection.pointee.place == .worker { return awayRecord(connection) { $0.deliveries.append(delivery) } }
        guard !connection.pointee.state.isClosing else { return cancel(delivery) }
        context.workOn(connection)
        if connection.links.pointee.binding.pointee.ledger === delivery.ledger {
            return call(delivery, connection, nil)
        }
        summon(connection, for: delivery)
    }

    /// The session is in another generation than the function, because it has moved meanwhile or has not moved yet. A generation's
    /// code understands only its own sessions, so the session moves to the function's generation for this one call, and then back.
    private func summon(_ connection: ConnectionPointer, for delivery: Delivery) {
        let here = connection.links.pointee.binding
        // An id of another listener's connection is treated as stale: a plugin reaches only its own peers.
        guard let home = binding(of: delivery.ledger), home.pointee.admission === here.pointee.admission,
            here.pointee.ledger.enter()
        else { return cancel(delivery) }
        switch move(connection, to: home) {
        case .moved: call(delivery, connection, here)
        case .later:
            here.pointee.ledger.leave()
            if pointee.parkedDeliveries.isEmpty {
                pointee.deliveryRetryAt = context.pointee.milliseconds + LoopCore.deliveryRetryMilliseconds
            }
            pointee.parkedDeliveries.append(delivery)
        case .stays:
            here.pointee.counters.pointee.lostDeliveries.add(1)
            here.pointee.ledger.leave()
            cancel(delivery)
        }
    }

    func binding(of ledger: InstanceLedger) -> BindingPointer? {
        pointee.bindings.first { $0.pointee.ledger === ledger }
    }

    /// - Parameter origin: the generation to which the session goes back afterwards; its ledger has been entered. nil: it stays.
    private func call(_ delivery: Delivery, _ connection: ConnectionPointer, _ origin: BindingPointer?) {
        hasCome(delivery)
        if connection.links.pointee.binding.pointee.usesWorkers {
            handOver(connection, .delivery(delivery))
            return awayRecord(connection) { $0.origin = origin }
        }
        beginCallback(connection, .delivery)
        delivery.function(
            connection.links.pointee.binding.pointee.env, delivery.context, OpaquePointer(connection),
            connection.links.pointee.session)
        endCallback(connection)
        if let origin { goBack(connection, to: origin) }
        applyEffects(connection)
        delivery.settle()
    }

    /// Moves a session back after the call for which it had come. A session that cannot go back stays where it is.
    func goBack(_ connection: ConnectionPointer, to origin: BindingPointer) {
        if !connection.pointee.state.isClosing, case .later = move(connection, to: origin),
            connection.links.pointee.binding.own.pointee.successor != nil
        {
            connection.pointee.state.take(.mustMove)
        }
        origin.pointee.ledger.leave()
    }

    private func hasCome(_ delivery: Delivery) {
        if delivery.isAwaited { pointee.slots.changeAwaited(delivery.connection, by: -1) }
    }

    /// Tells the plugin that the connection is gone.
    func cancel(_ delivery: Delivery) {
        hasCome(delivery)
        context.workOn(nil)
        context.pointee.running.pointee.begin(.delivery, delivery.ledger.label)
        let env = binding(of: delivery.ledger)?.pointee.env ?? UnsafePointer(delivery.ledger.environment)
        delivery.function(env, delivery.context, nil, nil)
        context.pointee.running.pointee.end()
        // What it lent to a connection that takes no output was refused.
        context.runReleases()
        delivery.settle()
    }

    func retryDeliveries() {
        guard pointee.deliveryRetryAt <= context.pointee.milliseconds else { return }
        let parked = pointee.parkedDeliveries
        pointee.parkedDeliveries = []
        // A session that cannot come for one delivery cannot come for the later ones either, so it is asked only once, however many wait.
        var busy: Set<UInt64> = []
        for delivery in parked {
            guard !busy.contains(delivery.connection.rawValue) else {
                pointee.parkedDeliveries.append(delivery)
                continue
            }
            let count = pointee.parkedDeliveries.count
            deliver(delivery)
            if pointee.parkedDeliveries.count > count { busy.insert(delivery.connection.rawValue) }
        }
    }
}
