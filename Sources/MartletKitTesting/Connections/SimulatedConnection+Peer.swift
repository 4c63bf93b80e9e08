import MartletKit

/// What a peer does.
extension SimulatedConnection {
    /// Sends bytes. Each piece is presented to the plugin together with what it has not consumed; a plugin that is
    /// paused or was told `full` gets them when it goes on.
    public func send(_ bytes: [UInt8], split: InputSplit = .whole) {
        guard end == nil, !peerFinished else { return }
        for piece in split.pieces(of: bytes) {
            unread.append(piece)
            proceed()
        }
    }

    public func send(_ text: String, split: InputSplit = .whole) { send(Array(text.utf8), split: split) }

    /// The peer sends no more, but still reads: `peer_closed`, once all input has been presented.
    public func finishSending() {
        guard end == nil else { return }
        peerFinished = true
        proceed()
    }

    /// The peer reads up to so many bytes of the output that waits. Below the low-water mark the plugin goes on.
    public func read(upTo limit: Int = .max) {
        guard end == nil else { return }
        take(limit)
        finishTurn()
        proceed()
    }

    /// The connection breaks, as with ECONNRESET.
    public func reset() { endConnection(.reset, reset: true) }

    /// The host ends the connection, such as with `.idleTimeout`.
    public func cut(_ reason: CloseReason) {
        endConnection(reason, reset: reason != .idleTimeout && reason != .inputLimit)
    }
}
