import CMartlet

/// Groups of connections: `martlet.groups/1`.
extension LoopPointer {
    /// Adds a connection of this loop to a group of its listener, or changes how it is in it.
    ///
    /// - Parameter entry: from the worker that joined; nil: the connection joins now.
    package func join(
        _ connection: ConnectionPointer, _ name: UnsafeRawBufferPointer, isClosing: Bool, backlog: Int, loopCount: Int,
        _ entry: GroupDirectory.Entry? = nil
    ) -> martlet_result {
        let policy: Membership.Policy = isClosing ? .close : .skip
        let index = context.pointee.index
        let directory = connection.links.pointee.binding.pointee.admission.groups
        let found = membership(of: connection, name)
        guard found.number == 0, found.count < Int(MARTLET_GROUP_LIMIT) else {
            if let entry { directory.leave(entry, loop: index) }
            guard found.number != 0 else { return MARTLET_ERROR_BUSY }
            pointee.groups.change(found.number, policy, backlog: backlog)
            if let kept = pointee.groups[found.number].kept {
                (kept.pointee.closes, kept.pointee.backlog) = (policy == .close, UInt64(backlog))
                kept.seal()
            }
            return MARTLET_OK
        }
        guard let kept = KeptMembership.make(for: connection, name, policy, backlog: backlog, in: pointee.arena) else {
            if let entry { directory.leave(entry, loop: index) }
            return MARTLET_ERROR_MEMORY
        }
        let entry = entry ?? directory.enter(name, loop: index, loopCount: loopCount)
        let members = entry.group.members(on: index)
        let number = pointee.groups.take(
            Membership(
                group: .passRetained(entry.group), slot: connection.pointee.index, policy: policy, backlog: backlog,
                sentBefore: entry.sent, kept: kept,
                position: UInt32(members.pointee.count)))
        pointee.groups.link(number, next: connection.links.pointee.membership)
        connection.links.pointee.membership = number
        members.pointee.append(number)
        return MARTLET_OK
    }

    package func leave(_ connection: ConnectionPointer, _ name: UnsafeRawBufferPointer) {
        let found = membership(of: connection, name)
        if found.number != 0 { leave(connection, found.number) }
    }

    func leaveGroups(_ connection: ConnectionPointer) {
        while _slowPath(connection.links.pointee.membership != 0) {
            leave(connection, connection.links.pointee.membership)
        }
    }

    private func leave(_ connection: ConnectionPointer, _ number: UInt32) {
        let membership = pointee.groups[number]
        guard let group = membership.group?.takeUnretainedValue() else { return }
        let members = group.members(on: context.pointee.index)
        let last = members.pointee.removeLast()
        if last != number {
            members.pointee[Int(membership.position)] = last
            pointee.groups.setPosition(last, Int(membership.position))
        }
        connection.links.pointee.membership = pointee.groups.unlink(
            number, head: connection.links.pointee.membership)
        membership.kept?.forget(connection, in: pointee.arena)
        pointee.groups.give(number)
        connection.links.pointee.binding.pointee.admission.groups.leave(group, loop: context.pointee.index)
    }

    /// The membership of a connection in a group, 0: it has none, and the number of memberships that were looked at.
    private func membership(
        of connection: ConnectionPointer, _ name: UnsafeRawBufferPointer
    ) -> (number: UInt32, count: Int) {
        var (number, count) = (connection.links.pointee.membership, 0)
        while number != 0, pointee.groups[number].group?._withUnsafeGuaranteedRef({ $0.hasName(name) }) == false {
            number = pointee.groups[number].next
            count += 1
        }
        return (number, count)
    }

    /// Adds a message to the output of the members on this loop. All that is added in a turn is sent together.
    func broadcast(_ message: Broadcast) {
        defer { pointee.mailbox.places.give() }
        let bytes = Unmanaged.passUnretained(message.bytes)
        for number in message.group.members(on: context.pointee.index).pointee {
            let membership = pointee.groups[number]
            let connection = pointee.connections.pointer(membership.slot)
            guard membership.sentBefore < message.number, connection.id != message.except else { continue }
            let own = MemberMessage(
                bytes: bytes, count: message.bytes.count, policy: membership.policy, backlog: membership.backlog)
            if connection.pointee.place == .worker { hold(own, for: connection) } else { add(own, to: connection) }
        }
    }

    /// Keeps a message for a connection that a worker has. How much output waits for it shows when it comes back.
    private func hold(_ message: MemberMessage, for connection: ConnectionPointer) {
        awayRecord(connection) { record in
            if record.messageBytes + message.count <= backlog(of: message, connection) {
                record.append(message)
                connection.noteHeldMessages()
            } else if misses(message, connection) {
                record.end = .backlog
            }
        }
    }

    /// The most bytes of output that may wait for a member, in bytes.
    private func backlog(of message: MemberMessage, _ connection: ConnectionPointer) -> Int {
        let limit = connection.limits.outputHighWater
        return message.backlog == 0 ? limit : Swift.min(message.backlog, limit)
    }

    /// Counts a message that a member does not get. True: the member is closed for it.
    private func misses(_ message: MemberMessage, _ connection: ConnectionPointer) -> Bool {
        connection.counters.pointee.hits.hit(.groupBacklog)
        return message.policy == .close
    }

    /// Adds a message to the output of a connection, unless the connection has ended or too much output waits for it.
    func add(_ message: MemberMessage, to connection: ConnectionPointer) {
        guard connection.pointee.state.hasSession, connection.pointee.state.ending == .none else { return }
        if connection.pointee.outputBytes + message.count <= backlog(of: message, connection) {
            let segment = message.segment
            if !context.append(segment, to: connection) { segment.release?(segment.context) }
        } else {
            guard misses(message, connection) else { return }
            connection.pointee.closeReason = .backlog
            connection.pointee.state.take(.mustAbort)
        }
        reach(connection)
    }
}
