import BinaryWire
import MartletKit

/// A session takes the promises to its client with it: versions, limits, heartbeats, watches.
///
///     offset  bytes
///     0       32     `ServerSession`
///     32      4      unconsumed bytes
///     36      1      1: waits for the rest of a frame
///     37             since version 3, the user: `saveLogin`
///                    since version 2, the watches: `saveWatches`
extension BinarySession: RestorableSession {
    static let stateSchema = StateSchema("binary.session", version: 3, restores: 1...3)

    func save(into state: inout SavedState) -> SaveOutcome {
        guard drainDeadlineMilliseconds == 0 else { return .never }
        if isWaiting { return .notNow }
        var memory = InlineArray<64, UInt8>(repeating: 0)
        var span = memory.mutableSpan
        var output = span.mutableBytes
        guard wire.save(into: &output) else { return .never }
        state.append(memory.span.bytes.extracting(0..<ServerSession.savedBytes))
        state.append(unconsumedBytes)
        state.append(UInt8(awaitsFrame ? 1 : 0))
        saveLogin(into: &state)
        saveWatches(into: &state)
        return .saved
    }

    init?(restoring state: RawSpan, version: UInt32, on connection: Connection<Binary>) {
        let own = ServerSession.savedBytes
        guard state.byteCount >= own + 5, let wire = ServerSession(restoring: state.extracting(0..<own)) else {
            return nil
        }
        self.wire = wire
        unconsumedBytes = UInt32(littleEndian: state.unsafeLoadUnaligned(fromByteOffset: own, as: UInt32.self))
        // The listener may not have had users before.
        isGuarded = connection.plugin.requiresUsers
        awaitsFrame = state.unsafeLoadUnaligned(fromByteOffset: own + 4, as: UInt8.self) != 0
        guard version > 1 else {
            guard state.byteCount == own + 5 else { return nil }
            return
        }
        var position = own + 5
        if version > 2 {
            guard let user = Self.login(state, at: &position) else { return nil }
            if let user {
                become(user)
                connection.setPrincipal(user.name)
            }
        }
        guard let watches = Self.watches(state, from: position), restore(watches, connection) else { return nil }
        // The sweep goes on although there may be no request for a while.
        _ = connection.wallClockMilliseconds
    }
}
