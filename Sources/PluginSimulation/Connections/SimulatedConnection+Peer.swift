import CMartlet

/// What a peer does.
extension SimulatedConnection {
    /// Sends bytes. Each piece is presented to the plugin together with what it has not consumed; a plugin that is
    /// paused or was told `full` gets them when it goes on.
    public func send(_ bytes: [UInt8], split: InputSplit = .whole) {
        guard outcome == nil, !peerFinished else { return }
        for piece in split.pieces(of: bytes) {
            unread.append(piece)
            proceed()
        }
    }

    /// Sends the UTF-8 of a text.
    public func send(_ text: String, split: InputSplit = .whole) { send(Array(text.utf8), split: split) }

    /// The peer sends no more, but still reads: `peer_closed`, once all input has been presented.
    public func finishSending() {
        guard outcome == nil else { return }
        peerFinished = true
        proceed()
    }

    /// The peer closes its socket: it sends no more (`peer_closed`) and reads no more. What it has not read, and whatever is
    /// written to it from now on, breaks the connection (`reset`).
    public func hangUp() {
        guard outcome == nil else { return }
        peerIsGone = true
        if queue.count > 0 { return reset() }
        finishSending()
    }

    /// The peer reads up to so many bytes of the output that waits. Below the low-water mark the plugin goes on.
    public func read(upTo limit: Int = .max) {
        guard outcome == nil else { return }
        take(limit)
        finishTurn()
        proceed()
    }

    /// The connection breaks, as with ECONNRESET.
    public func reset() { endConnection(MARTLET_CLOSED_RESET, reset: true) }

    /// The host ends the connection.
    package func cut(_ reason: martlet_close_reason) {
        endConnection(
            reason, reset: reason != MARTLET_CLOSED_IDLE_TIMEOUT && reason != MARTLET_CLOSED_INPUT_LIMIT)
    }
}
