import CMartlet
import MartletKit

/// How a connection ended.
public enum ConnectionEnd: Equatable, Sendable {
    /// `opened` refused it.
    case refused
    /// Normally: the peer got all output.
    case closed(CloseReason)
    /// With a reset: output that the peer had not read is lost.
    case reset(CloseReason)
    /// The session ended, and the plugin of another listener has the connection.
    case handedOver(to: String)
}

/// One peer of a simulated host, seen from the peer's end: it sends, reads, finishes, breaks off. Whatever that makes the host call
/// happens before the function returns.
public final class SimulatedConnection {
    /// What became of a session that was to move.
    public enum Move: Equatable, Sendable {
        /// It goes on in the other instance.
        case moved
        /// Not now, because the session said so: it moves after a later callback.
        case later
        /// It stays with its instance until it closes.
        case stays

        init(_ move: martlet_simulated_move) {
            switch move {
            case MARTLET_SIMULATED_MOVED: self = .moved
            case MARTLET_SIMULATED_LATER: self = .later
            default: self = .stays
            }
        }
    }

    private let family: SimulatedHost.Family
    private let index: Int

    init(_ family: SimulatedHost.Family, _ index: Int) {
        self.family = family
        self.index = index
    }

    private var peer: OpaquePointer { family.peers[index].handle }

    /// As the plugin sees it.
    public var address: PeerAddress { family.peers[index].address }
    /// What the peer connected to, as the plugin sees it.
    public var local: PeerAddress { family.peers[index].local }
    /// The name of the endpoint that it came in by.
    public var endpoint: String { family.peers[index].endpoint }

    /// Whether the peer reads whatever is written at once. When false, output waits until `read` is called.
    public var readsAtOnce: Bool {
        get { family.peers[index].readsAtOnce }
        set {
            family.peers[index].readsAtOnce = newValue
            SimulationLibrary.functions.set_reads_at_once(peer, newValue ? 1 : 0)
        }
    }

    var state: martlet_simulated_state {
        var state = martlet_simulated_state()
        state.size = UInt32(MemoryLayout<martlet_simulated_state>.size)
        _ = SimulationLibrary.functions.state(peer, &state)
        return state
    }

    // MARK: What the peer does

    /// Sends bytes. What each piece causes has happened before the next one arrives; a plugin that is paused or was told `full` gets them
    /// when it goes on.
    public func send(_ bytes: [UInt8], split: InputSplit = .whole) {
        for piece in split.pieces(of: bytes) { SimulationLibrary.functions.send(peer, piece, piece.count, 0) }
    }

    /// Sends the UTF-8 of a text.
    public func send(_ text: String, split: InputSplit = .whole) { send(Array(text.utf8), split: split) }

    /// The peer sends no more, but still reads: `peer_closed`, once all input has been presented.
    public func finishSending() { SimulationLibrary.functions.finish_sending(peer) }

    /// The peer closes its socket: it sends no more (`peer_closed`) and reads no more. What it has not read, and whatever is written to it
    /// from now on, breaks the connection (`reset`).
    public func hangUp() { SimulationLibrary.functions.hang_up(peer) }

    /// The peer reads up to so many bytes of the output that waits. Below the low-water mark the plugin goes on.
    public func read(upTo limit: Int = .max) { SimulationLibrary.functions.read(peer, UInt64(max(limit, 0))) }

    /// The connection breaks, as with ECONNRESET.
    public func reset() { SimulationLibrary.functions.reset(peer) }

    /// Closes the connection as the host does, for example with `.idleTimeout`.
    public func cut(_ reason: CloseReason) { SimulationLibrary.functions.cut(peer, reason.rawValue) }

    /// Moves the session to a later or earlier generation, where it goes on with the input, output and timer that it has. It stays if the
    /// other host is not a generation of the same listener: `nextGeneration` makes one.
    @discardableResult
    public func migrate(to other: SimulatedHost) -> Move {
        Move(SimulationLibrary.functions.migrate(peer, other.handle))
    }

    // MARK: What one sees

    /// What the peer has read since the last call.
    public func takeOutput() -> [UInt8] {
        let bytes = SimulationLibrary.functions.take_output(peer)
        return Array(bytes.data, bytes.length)
    }

    /// What the peer has read since the last call, as UTF-8. Invalid UTF-8 is replaced by U+FFFD.
    public func takeText() -> String { String(decoding: takeOutput(), as: UTF8.self) }

    /// What the peer has read and the test has not taken yet.
    public var output: [UInt8] {
        let bytes = SimulationLibrary.functions.output(peer)
        return Array(bytes.data, bytes.length)
    }

    /// From 1, in the order of `connect`.
    public var number: Int { Int(state.number) }

    /// The event loop that owns the connection.
    public var loop: Int { Int(state.loop) }

    /// The id of the connection for `post` and `submit`.
    public var id: ConnectionID { ConnectionID(rawValue: state.id) }

    /// Whether the session still exists.
    public var isOpen: Bool { state.is_open != 0 }

    /// nil while the connection is open.
    public var end: ConnectionEnd? {
        let state = state
        let reason = CloseReason(rawValue: state.reason)
        return switch state.end {
        case MARTLET_SIMULATED_OPEN: nil
        case MARTLET_SIMULATED_REFUSED: .refused
        case MARTLET_SIMULATED_CLOSED: .closed(reason)
        case MARTLET_SIMULATED_HANDED_OVER: .handedOver(to: String(state.handed_over_to))
        default: .reset(reason)
        }
    }

    /// The listener whose plugin has the connection now; nil: it was not handed over.
    public var handedOverTo: String? {
        if case .handedOver(let listener) = end { listener } else { nil }
    }

    /// Bytes that the plugin wrote and the peer has not read.
    public var waitingOutput: Int { Int(state.waiting_output) }

    /// Bytes that were sent and the plugin has not consumed, presented or not.
    public var unconsumedInput: Int { Int(state.unconsumed_input) }

    /// The next `received` waits for so many unconsumed bytes (`want`).
    public var wantedInput: Int { Int(state.wanted_input) }

    /// How often input was presented: calls of `received`.
    public var presentations: Int { Int(state.presentations) }

    /// The plugin asked for no more input.
    public var isPaused: Bool { state.is_paused != 0 }

    /// The plugin waits for the rest of a message (`expect_input`).
    public var expectsInput: Bool { state.expects_input != 0 }

    /// How long until the session's timer fires; nil: none is set.
    public var timer: Duration? {
        let timer = state.timer
        return timer == .max ? nil : .nanoseconds(Int64(clamping: timer))
    }
}
