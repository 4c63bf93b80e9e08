/// What is always true between callbacks. Checked in debug builds.
extension LoopPointer {
    /// After each step of a connection. It may be over by then.
    @inline(__always)
    func assertInvariants(_ connection: ConnectionPointer) {
        assert(violatedInvariant(connection) == nil, violatedInvariant(connection) ?? "")
    }

    /// After each turn.
    @inline(__always)
    func assertInvariants() {
        assert(violatedInvariant == nil, violatedInvariant ?? "")
    }

    private func violatedInvariant(_ connection: ConnectionPointer) -> String? {
        // A worker has the rest of it.
        guard connection.pointee.place == .loop else {
            return pointee.away[connection.pointee.index] == nil ? "no record of a connection that a worker has" : nil
        }
        let (slot, links) = (connection.pointee, connection.links.pointee)
        if let contradiction = slot.state.contradiction { return contradiction }
        if slot.state.isInCallback { return "the state says that a callback runs" }
        if (links.outputHead == nil) != (links.outputTail == nil) { return "the output has one end" }
        if links.outputHead == nil, slot.outputBytes != 0 { return "\(slot.outputBytes) bytes of output are nowhere" }
        if (links.input == nil) != (slot.inputCount == 0) {
            return "\(slot.inputCount) bytes of input, or a buffer without"
        }
        if slot.inputStart + slot.inputCount > slot.inputCapacity, links.input != nil {
            return "input outside of its buffer"
        }
        if slot.state.isVacant {
            if slot.descriptor >= 0 { return "a vacant slot has a socket" }
            if links.session != nil { return "a vacant slot has a session" }
            if links.address != nil { return "a vacant slot counts for an address" }
            if links.principal != nil { return "a vacant slot has a principal" }
            if links.nextListener != nil { return "a vacant slot has a place at a listener" }
        }
        if slot.state.life == .lingering, links.session != nil { return "a session outlives its end" }
        return nil
    }

    private var violatedInvariant: String? {
        if context.pointee.output.count > 0 { return "output of a callback was not sent" }
        if !context.pointee.releases.isEmpty { return "lent output was not returned" }
        if let stray = pointee.ready.first(where: { $0.pointee.place == .loop && !$0.pointee.state.isQueued }) {
            return "connection \(stray.pointee.index) is on the ready list and does not know it"
        }
        if pointee.closedSlots.contains(where: { !$0.pointee.state.isVacant }) { return "an open slot is to be freed" }
        return nil
    }
}
