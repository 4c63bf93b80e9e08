import CMartlet

/// A plugin whose sessions share state that survives a swap: `martlet.instance-state/1`.
///
/// At a swap the host stops the callbacks of this listener, and of no other. The old instance saves its state in pieces, and the new one
/// restores each of them. Then the sessions move, and continue. If anything fails, the new instance is destroyed and the old one continues:
/// so saving must not change it. The same happens in the other direction, at a rollback, if the schema fits.
///
/// The sessions should be able to move too (`RestorableSession` or `PlainSession`): a session that cannot move is closed, unless
/// `stateStaysUsable`.
public protocol StatefulPlugin: Plugin {
    /// The name and versions of the saved state.
    static var stateSchema: StateSchema { get }

    /// Whether the instance can go on serving sessions after its state has moved, with what it has kept. The successor does not see what
    /// changes from then on. The default is false. Only such a plugin can leave sessions behind: `on_reload = "pin"` and `"drain"`, and a
    /// rollout to a share of the connections.
    static var stateStaysUsable: Bool { get }

    /// Writes the state, as pieces of any sizes up to 1 MiB. Must not change it. No callback, tick or operation of this instance runs
    /// meanwhile. [control]
    ///
    /// - Throws: the state does not move, and the swap is refused. The message is logged.
    func save(into state: inout SavedPieces) throws(StateError)

    /// Takes one piece, in the order in which they were saved. The instance has started, but has no session yet. [control]
    ///
    /// - Parameters:
    ///   - piece: in the host's memory, valid until this returns.
    ///   - version: a version that the schema restores.
    /// - Throws: the swap is refused. The message is logged.
    func restore(_ piece: RawSpan, version: UInt32) throws(StateError)

    /// All pieces are restored. The default does nothing. [control]
    ///
    /// - Throws: the swap is refused. The message is logged.
    func finishRestoring() throws(StateError)

    /// The state has moved: release it. Completions and deliveries, and with `stateStaysUsable` sessions, may still follow. The default
    /// does nothing. [control]
    func stateMoved()
}

extension StatefulPlugin {
    /// No session stays behind.
    public static var stateStaysUsable: Bool { false }

    /// Every piece is complete in itself.
    public func finishRestoring() {}

    /// The instance is destroyed soon.
    public func stateMoved() {}
}

/// Why the state of an instance cannot move.
public struct StateError: Error, Sendable {
    /// What was expected and what was found.
    public var message: String
    /// The host's own, if it refused a piece.
    let result: martlet_result?

    /// - Parameter message: what was expected and what was found.
    public init(_ message: String) {
        self.message = message
        result = nil
    }

    init(_ message: String, _ result: martlet_result) {
        self.message = message
        self.result = result
    }
}

/// Takes the pieces of an instance's state, one after the other. The new instance gets the same pieces.
public struct SavedPieces: ~Copyable {
    private let function: martlet_state_put
    private let context: UnsafeMutableRawPointer?
    /// Where pieces are built. It grows to the size of the largest, so that a piece needs no memory of its own.
    private var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4_096, alignment: 16)
    /// The first result that was not OK.
    private(set) var failure: martlet_result?

    init(_ function: martlet_state_put, _ context: UnsafeMutableRawPointer?) {
        self.function = function
        self.context = context
    }

    deinit { buffer.deallocate() }

    /// Writes a piece as it is, from 1 byte to 1 MiB. It may change afterwards.
    ///
    /// - Throws: the piece is empty or too large, or the host takes no more.
    public mutating func put(_ piece: RawSpan) throws(StateError) {
        let result = piece.withUnsafeBytes { put($0) }
        guard let result else { return }
        failure = failure ?? result
        let range = "a piece has 1 to \(Self.limit) bytes"
        throw (1...Self.limit).contains(piece.byteCount)
            ? StateError("the host takes no more of the state (\(HostResult(rawValue: result)))", result)
            : StateError("\(range), found \(piece.byteCount)")
    }

    /// Writes a piece as it is, from 1 byte to 1 MiB.
    ///
    /// - Throws: the piece is empty or too large, or the host takes no more.
    public mutating func put(_ piece: Span<UInt8>) throws(StateError) { try put(piece.bytes) }

    /// Writes a piece that `build` appends to an empty buffer. It is called again if the buffer was too small.
    ///
    /// - Throws: the piece is empty or too large, or the host takes no more.
    public mutating func put(_ build: (inout SavedState) -> Void) throws(StateError) {
        var piece = SavedState(buffer)
        build(&piece)
        if piece.count > buffer.count {
            let size = max(piece.count, 2 * buffer.count)
            buffer.deallocate()
            buffer = .allocate(byteCount: size, alignment: 16)
            piece = SavedState(buffer)
            build(&piece)
        }
        try put(UnsafeRawBufferPointer(rebasing: buffer[..<min(piece.count, buffer.count)]).bytes)
    }

    private static let limit = 1 << 20

    /// nil: the host has taken it.
    private func put(_ piece: UnsafeRawBufferPointer) -> martlet_result? {
        guard !piece.isEmpty, piece.count <= Self.limit else { return MARTLET_ERROR_ARGUMENT }
        let result = function(context, piece.baseAddress!, piece.count)
        return result == MARTLET_OK ? nil : result
    }
}
