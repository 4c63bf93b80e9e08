import MartletKit

/// A session moves between two requests: then all it knows is how many there were, and unread input stays with the host.
/// A request whose head has come in part is read again from its first byte, by the generation that will answer it.
extension HTTPSession: RestorableSession {
    static let stateSchema = StateSchema("http.session", version: 1, restores: 1...1)

    /// Four bytes of count, one that tells whether input is unread.
    private static let savedBytes = 5

    func save(into state: inout SavedState) -> SaveOutcome {
        guard !isDraining else { return .never }
        // A body is on its way, perhaps back to the peer under a head that is out already.
        guard parked == nil else { return .notNow }
        state.append(requestCount)
        state.append(UInt8(hasUnreadInput ? 1 : 0))
        return .saved
    }

    init?(restoring state: RawSpan, version: UInt32, on connection: Connection<HTTP>) {
        guard state.byteCount == Self.savedBytes else { return nil }
        requestCount = UInt32(littleEndian: state.unsafeLoadUnaligned(as: UInt32.self))
        hasUnreadInput = state.unsafeLoad(fromByteOffset: 4, as: UInt8.self) != 0
    }
}
