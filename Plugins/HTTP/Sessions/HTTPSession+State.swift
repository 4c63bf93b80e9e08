import HTTPWire
import MartletKit

/// A session can move between two requests and inside a body. Unread input stays with the host: if a part of a head has
/// arrived, the generation that answers the request reads the head again from its first byte.
extension HTTPSession: RestorableSession {
    static let stateSchema = StateSchema("http.session", version: 1, restores: 1...1)
    /// Between two requests there is nothing to save: inside of a body there is.
    static let checkpoints = Checkpoints.whenAsked

    func save(into state: inout SavedState) -> SaveOutcome {
        guard !isDraining else { return .never }
        if let parked, !parked.pointee.transfer.reader.canBeSaved { return .notNow }
        state.append(requestCount)
        state.append(UInt8(hasUnreadInput ? 1 : 0))
        parked?.pointee.save(into: &state)
        return .saved
    }

    init?(restoring state: RawSpan, version: UInt32, on connection: Connection<HTTP>) {
        var fields = SavedFields(state)
        guard let count = fields.next(UInt32.self), let unread = fields.next(UInt8.self) else { return nil }
        requestCount = count
        hasUnreadInput = unread != 0
        guard !fields.isAtEnd else { return }
        guard let transfer = BodyTransfer(restoring: &fields) else { return nil }
        let memory = UnsafeMutablePointer<ParkedTransfer>.allocate(capacity: 1)
        memory.initialize(to: ParkedTransfer(transfer: transfer, target: Bytes(copying: fields.rest)))
        parked = memory
    }
}

extension ParkedTransfer {
    /// Saves the transfer, followed by the target, which extends to the end.
    fileprivate func save(into state: inout SavedState) {
        transfer.save(into: &state)
        state.append(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(target)))
    }
}
