import HTTPWire
import MartletKit

/// A session moves between two requests and inside a body. Unread input stays with the host: a request whose head has
/// come in part is read again from its first byte, by the generation that will answer it.
extension HTTPSession: RestorableSession {
    static let stateSchema = StateSchema("http.session", version: 1, restores: 1...1)

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
    /// The transfer, and behind it the target up to the end.
    fileprivate func save(into state: inout SavedState) {
        transfer.save(into: &state)
        state.append(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(target)))
    }
}
