/// The state of a connection: what it is in, what can happen to it, and what follows.
///
/// Each concern is a small enum or a bit, and all of them are packed into one word, so the fast path tests several at once. Nothing
/// here does I/O, reads a clock or allocates. The event loop feeds events (`take`), asks what to do next (`onEvents`, `onReady`,
/// `afterCallback`), and does it.
///
/// The word belongs to whoever has the connection: its loop, or the worker that runs its callback. The place of the connection,
/// loop or worker, is the loop's own note and therefore stands beside the word.
package struct ConnectionState: Hashable, Sendable {
    // MARK: Concerns

    /// How far the connection has come.
    package enum Life: UInt32, CaseIterable, Sendable {
        /// The slot has no connection.
        case vacant
        /// Waits for the PROXY header, or for the handshake of its transport. The plugin does not know the connection yet.
        case handshake
        /// `opened` has not returned.
        case opening
        /// There is a session.
        case open
        /// `closed` is the last call of the session.
        case ended
        /// Our side is shut down; the peer's last bytes are read and dropped.
        case lingering
    }

    /// What happens to the session when its callback ends and its output is sent.
    package enum Ending: UInt32, CaseIterable, Sendable {
        case none
        /// It continues at another listener.
        case handsOver
        /// The host closes it.
        case closes
        /// The plugin has closed it, so output that follows breaks a rule.
        case closedByPlugin
        /// It is reset at once.
        case aborts
        /// It is reset at once, although the plugin had closed it.
        case abortsAfterClose
    }

    /// The peer's direction.
    package enum PeerSide: UInt32, CaseIterable, Sendable {
        case sends
        /// The end of input was read.
        case finished
        /// The plugin was told of the end, or the host acted in its place.
        case told
    }

    /// Backpressure of the output.
    package enum Flow: UInt32, CaseIterable, Sendable {
        case flows
        /// The plugin was told FULL.
        case full
        /// Nothing is read until the output is below the low-water mark; then `writable` is called.
        case blocked
    }

    /// Concerns with two values.
    private enum Bit {
        /// A callback is running: output and requests of the plugin are taken.
        static let inCallback: UInt32 = 1 << 10
        /// Once no input is left unconsumed, the host closes the session (drain of a plugin that has no `draining`).
        static let drains: UInt32 = 1 << 11
        /// The socket may have input: an edge has been seen, and no empty socket since.
        static let readable: UInt32 = 1 << 12
        /// The peer has shut down or the socket has failed: the loop reads until a read reports it.
        static let hungUp: UInt32 = 1 << 13
        /// The transport must write before it can read.
        static let readsAfterWrite: UInt32 = 1 << 14
        /// The plugin has paused input.
        static let paused: UInt32 = 1 << 15
        /// The peer's requests came too fast: nothing is read for a while.
        static let throttled: UInt32 = 1 << 16
        /// Unconsumed input is presented again without waiting for more.
        static let presentsAgain: UInt32 = 1 << 17
        /// No byte has arrived yet.
        static let silent: UInt32 = 1 << 18
        /// The plugin waits for the rest of a message whose beginning it has consumed.
        static let expectsInput: UInt32 = 1 << 19
        /// Output is sent when the loop comes to the connection on the ready list: sending stopped at the bound for one turn, or the
        /// output was added outside of the connection's callbacks.
        static let flushesAgain: UInt32 = 1 << 20
        /// The transport must read before it can write.
        static let writesAfterRead: UInt32 = 1 << 21
        /// The session moves to the next generation after a callback.
        static let moves: UInt32 = 1 << 22
        /// It is on the loop's ready list.
        static let queued: UInt32 = 1 << 23
        /// A deadline may have moved nearer.
        static let deadlineChanged: UInt32 = 1 << 24
        /// A request rate limits the peer.
        static let rated: UInt32 = 1 << 25
        /// Past its lifetime: the plugin has been asked to finish.
        static let outlived: UInt32 = 1 << 26
        /// Other callbacks of its instance may write to it, until the ready list comes to it.
        static let reached: UInt32 = 1 << 27
        /// Its listener stands still while the state of the instance moves: events are noted, and nothing is called or sent.
        static let parked: UInt32 = 1 << 28

        /// The session has changed since it was saved for a successor of the process.
        static let mustCheckpoint: UInt32 = 1 << 29

        static let all: UInt32 = (1 << 30) - 1
    }

    private enum Field {
        static let life: UInt32 = 0b111
        static let ending: UInt32 = 0b111 << 3
        static let peerSide: UInt32 = 0b11 << 6
        static let flow: UInt32 = 0b11 << 8
    }

    package private(set) var word: UInt32 = 0

    package init() {}

    package private(set) var life: Life {
        @inline(__always) get { Life(rawValue: word & Field.life).unsafelyUnwrapped }
        @inline(__always) set { word = word & ~Field.life | newValue.rawValue }
    }

    package private(set) var ending: Ending {
        @inline(__always) get { Ending(rawValue: (word & Field.ending) >> 3).unsafelyUnwrapped }
        @inline(__always) set { word = word & ~Field.ending | newValue.rawValue << 3 }
    }

    package private(set) var peerSide: PeerSide {
        @inline(__always) get { PeerSide(rawValue: (word & Field.peerSide) >> 6).unsafelyUnwrapped }
        @inline(__always) set { word = word & ~Field.peerSide | newValue.rawValue << 6 }
    }

    package private(set) var flow: Flow {
        @inline(__always) get { Flow(rawValue: (word & Field.flow) >> 8).unsafelyUnwrapped }
        @inline(__always) set { word = word & ~Field.flow | newValue.rawValue << 8 }
    }

    @inline(__always)
    private func has(_ bits: UInt32) -> Bool { word & bits != 0 }

    // MARK: Questions

    package var isVacant: Bool { life == .vacant }
    package var hasSession: Bool { life == .open }
    var isInCallback: Bool { has(Bit.inCallback) }
    var isReadable: Bool { has(Bit.readable) }
    var isHungUp: Bool { has(Bit.hungUp) }
    package var isPaused: Bool { has(Bit.paused) }
    var isThrottled: Bool { has(Bit.throttled) }
    var presentsAgain: Bool { has(Bit.presentsAgain) }
    var isSilent: Bool { has(Bit.silent) }
    package var expectsInput: Bool { has(Bit.expectsInput) }
    package var moves: Bool { has(Bit.moves) }
    var isQueued: Bool { has(Bit.queued) }
    var isRated: Bool { has(Bit.rated) }
    var isOutlived: Bool { has(Bit.outlived) }
    var drains: Bool { has(Bit.drains) }
    package var isReached: Bool { has(Bit.reached) }
    package var isParked: Bool { has(Bit.parked) }
    var mustCheckpoint: Bool { has(Bit.mustCheckpoint) }

    /// The session ends with this callback, or once its output is sent.
    var isClosing: Bool { ending.rawValue >= Ending.closes.rawValue }
    var isAborting: Bool { ending.rawValue >= Ending.aborts.rawValue }
    var isClosedByPlugin: Bool { ending == .closedByPlugin || ending == .abortsAfterClose }

    /// There is a session, its transport reads and writes independently, and its callbacks may run.
    var isConversing: Bool {
        @inline(__always) get {
            word & (Field.life | Bit.readsAfterWrite | Bit.writesAfterRead | Bit.parked) == Life.open.rawValue
        }
    }

    /// A callback is running, and nothing has ended the session: the plugin may write and ask.
    var takesCalls: Bool {
        @inline(__always) get { word & (Bit.inCallback | Field.ending) == Bit.inCallback }
    }

    /// No callback is running, but that of another connection may write to this one, and may ask to close it.
    var takesCallsFromOutside: Bool { word & (Bit.inCallback | Bit.reached | Field.ending) == Bit.reached }

    /// A first byte, or a byte of a message that the plugin expects, must be noted.
    var notesInput: Bool {
        @inline(__always) get { has(Bit.silent | Bit.expectsInput) }
    }

    /// Input is read and presented, if there is any.
    private var takesInput: Bool {
        @inline(__always) get {
            word
                & (Field.ending | Field.flow & Flow.blocked.rawValue << 8 | Bit.paused | Bit.throttled) == 0
        }
    }

    /// The socket is read now. Whether a request rate allows it (`isRated`) is another question.
    var mayRead: Bool {
        @inline(__always) get {
            word
                & (Field.life | Bit.readable | Field.ending | Field.flow & Flow.blocked.rawValue << 8 | Bit.paused
                    | Bit.throttled
                    | Bit.presentsAgain | Field.peerSide) == Life.open.rawValue | Bit.readable
        }
    }

    /// Nothing but the peer holds up its message.
    var waitsForPeer: Bool { word & (Field.flow | Bit.paused | Bit.throttled) == 0 }

    /// More unconsumed input than the limit is the peer's doing.
    var mayReachInputLimit: Bool { waitsForPeer && !isClosing }

    /// After a callback: output is sent and nothing else has to be looked at.
    var isUsual: Bool {
        @inline(__always) get {
            word
                & (Field.ending | Field.flow | Field.peerSide | Bit.drains | Bit.deadlineChanged | Bit.readable
                    | Bit.presentsAgain | Bit.moves | Bit.throttled | Bit.mustCheckpoint) == 0
        }
    }
}

// MARK: - Another process

extension ConnectionState {
    /// Whether this may have been written here: another process has.
    var isValid: Bool {
        word & ~Bit.all == 0 && Life(rawValue: word & Field.life) != nil
            && Ending(rawValue: (word & Field.ending) >> 3) != nil
            && PeerSide(rawValue: (word & Field.peerSide) >> 6) != nil
            && Flow(rawValue: (word & Field.flow) >> 8) != nil
            && contradiction == nil
    }

    /// The worker that had the connection has died before it began this call, which is made again.
    mutating func mustRepeat(_ call: CallbackKind) {
        switch call {
        case .received: word |= Bit.presentsAgain
        case .writable: flow = .blocked
        case .peerClosed: peerSide = .finished
        default: break
        }
    }

    /// The process that had the connection has died, and with it its loop and its instance. False: it was in a callback, or on its way to
    /// another listener.
    mutating func becomeInherited() -> Bool {
        guard !isInCallback, ending != .handsOver else { return false }
        word &= ~(Bit.queued | Bit.moves | Bit.reached | Bit.parked | Bit.rated | Bit.drains)
        // Edges are lost: the loop tries both directions.
        word |= Bit.readable | Bit.deadlineChanged
        if life == .open { word |= Bit.flushesAgain }
        return true
    }
}

// MARK: - Events

/// What can happen to a connection.
package enum ConnectionEvent: UInt8, CaseIterable, Sendable {
    // Its life.
    case accepted, acceptedForHandshake, handshakeEnded, opened, ended, lingers, entered, released
    // The plugin's code.
    case callbackBegan, callbackReturned
    // Requests of the plugin, in a callback.
    case asksToClose, asksToAbort, asksToHandOver, asksToPause, asksToResume, expectsInput, expectsNoInput, toldFull
    // The socket.
    case inputArrived, hungUp, socketEmptied, readNeedsWrite, writeNeedsRead, roomArrived, firstInput, endOfInput,
        toldOfEnd
    // The output.
    case flushStopped, flushBegan, wentAboveHighWater, wentBelowLowWater
    // The host.
    case mustAbort, mustClose, mustDrain, mustPresent, presents, throttled, unthrottled, queued, dequeued,
        deadlineChanged,
        deadlineChecked, outlived, rated, unrated, mustMove, moveSettled, reached, parked,
        unparked, mustCheckpoint, checkpointed
}

extension ConnectionState {
    /// Whether an event can happen in this state.
    package func allows(_ event: ConnectionEvent) -> Bool {
        switch event {
        case .accepted, .acceptedForHandshake: life == .vacant
        case .handshakeEnded: life == .handshake
        case .opened: life == .opening && !isInCallback
        case .ended: life == .open && !isInCallback
        case .lingers: life == .ended
        case .entered: life == .ended && ending == .handsOver
        case .released: life != .vacant && life != .open && !isInCallback
        case .parked: (life == .open || life == .handshake) && !isInCallback && !isParked
        case .unparked: isParked
        case .callbackBegan: (life == .opening || life == .open) && !isInCallback
        case .callbackReturned: isInCallback
        case .asksToHandOver, .asksToPause, .asksToResume, .expectsInput, .expectsNoInput: takesCalls
        case .asksToClose, .toldFull: takesCalls || takesCallsFromOutside
        case .asksToAbort, .mustAbort, .mustClose, .mustPresent, .mustMove, .throttled, .mustCheckpoint:
            life == .opening || life == .open
        case .mustDrain, .presents, .moveSettled, .reached: life == .open
        case .endOfInput: life == .open && peerSide == .sends
        case .toldOfEnd: life == .open && mayTellOfEnd
        case .wentAboveHighWater: life == .open && flow != .blocked
        case .wentBelowLowWater: life == .open && flow == .blocked
        case .dequeued: true
        case .queued: life != .vacant
        case .inputArrived, .hungUp, .socketEmptied, .readNeedsWrite, .writeNeedsRead, .roomArrived, .firstInput,
            .flushStopped, .flushBegan, .unthrottled, .deadlineChanged, .deadlineChecked, .outlived, .rated,
            .unrated, .checkpointed:
            life != .vacant
        }
    }

    /// The transitions: one row for each event.
    @inline(__always)
    package mutating func take(_ event: ConnectionEvent) {
        assert(allows(event), "\(event) is impossible for a connection that is \(life)")
        defer { assert(contradiction == nil, "after \(event): \(contradiction ?? "")") }
        switch event {
        case .accepted: word = Life.opening.rawValue | Bit.silent | word & Bit.queued
        case .acceptedForHandshake: word = Life.handshake.rawValue | Bit.silent | word & Bit.queued
        case .handshakeEnded: life = .opening
        case .opened: life = .open
        case .ended:
            word &= ~(Bit.moves | Bit.reached | Bit.parked | Bit.mustCheckpoint)
            life = .ended
        case .lingers:
            word &= ~(Bit.paused | Bit.presentsAgain | Bit.flushesAgain | Bit.throttled | Field.flow | Field.ending)
            word |= Bit.readable
            life = .lingering
        // The plugin of the next listener begins anew; the socket and what it holds stay as they are.
        case .entered:
            word &=
                ~(Bit.paused | Bit.drains | Bit.expectsInput | Bit.moves | Bit.outlived | Bit.rated | Bit.throttled
                | Field.ending)
            word |= Bit.deadlineChanged
            if peerSide == .told { peerSide = .finished }
            if flow == .full { flow = .flows }
            life = .opening
        // The ready list still has the slot; it is not free until it has left the list.
        case .released: word &= Bit.queued

        case .callbackBegan: word |= Bit.inCallback
        case .callbackReturned: word &= ~Bit.inCallback

        case .asksToClose: ending = .closedByPlugin
        case .asksToAbort, .mustAbort: ending = isClosedByPlugin ? .abortsAfterClose : .aborts
        case .asksToHandOver: ending = .handsOver
        case .asksToPause: word |= Bit.paused
        case .asksToResume:
            word &= ~Bit.paused
            word |= Bit.presentsAgain
        case .expectsInput: word |= Bit.expectsInput | Bit.deadlineChanged
        case .expectsNoInput: word &= ~Bit.expectsInput
        case .toldFull: if flow == .flows { flow = .full }

        case .inputArrived: word |= Bit.readable
        case .hungUp: word |= Bit.hungUp | Bit.readable
        case .socketEmptied: word &= ~Bit.readable
        case .readNeedsWrite: word = word & ~Bit.readable | Bit.readsAfterWrite
        case .writeNeedsRead: word |= Bit.writesAfterRead
        case .roomArrived:
            if has(Bit.readsAfterWrite) { word = word & ~Bit.readsAfterWrite | Bit.readable }
        case .firstInput: word &= ~Bit.silent
        case .endOfInput:
            word &= ~Bit.readable
            peerSide = .finished
        case .toldOfEnd: peerSide = .told

        case .flushStopped: word |= Bit.flushesAgain
        case .flushBegan: word &= ~(Bit.flushesAgain | Bit.writesAfterRead)
        case .wentAboveHighWater: flow = .blocked
        case .wentBelowLowWater: flow = .flows

        case .mustClose: if !isClosing { ending = .closes }
        case .mustDrain: word |= Bit.drains
        case .mustPresent: word |= Bit.presentsAgain
        case .presents: word &= ~Bit.presentsAgain
        case .throttled: word |= Bit.throttled | Bit.deadlineChanged
        case .unthrottled: word &= ~Bit.throttled
        case .queued: word |= Bit.queued
        case .dequeued: word &= ~(Bit.queued | Bit.reached)
        case .deadlineChanged: word |= Bit.deadlineChanged
        case .deadlineChecked: word &= ~Bit.deadlineChanged
        case .outlived: word |= Bit.outlived
        case .rated: word |= Bit.rated
        case .unrated: word &= ~Bit.rated
        case .mustMove: word |= Bit.moves
        case .mustCheckpoint: word |= Bit.mustCheckpoint
        case .checkpointed: word &= ~Bit.mustCheckpoint
        case .moveSettled: word &= ~Bit.moves
        case .reached: word |= Bit.reached | Bit.flushesAgain
        case .parked: word |= Bit.parked
        // Edges that came meanwhile are lost: the loop tries both directions.
        case .unparked: word = word & ~Bit.parked | Bit.readable | Bit.flushesAgain
        }
    }
}

// MARK: - Effects

/// What the event loop does next with a connection.
package enum ConnectionEffect: UInt8, CaseIterable, Sendable {
    case nothing
    /// Goes on with what comes before the protocol: the PROXY header, and the handshake of the transport.
    case shakeHands
    /// Reads and drops the peer's last bytes.
    case readAndDrop
    /// Sends what waits, then does what `afterCallback` says.
    case flush
    /// Ends the session and the connection: the peer is gone.
    case breakOff
    /// Reads once and presents the input.
    case read
    /// Presents the unconsumed input again.
    case present
    /// Tells the plugin that the peer sends no more.
    case tellOfEnd
    /// Tells the plugin that there is room for output again.
    case tellWritable
    /// Does what `afterCallback` says.
    case settle
    /// Ends the session and resets the connection, for the reason that the slot has.
    case abort
    /// Ends the session; its output is sent.
    case finish
    /// Gives the connection to the other listener.
    case handOver
    /// Asks again in the next turn.
    case settleLater
    /// Moves the session to the next generation, then asks again.
    case move
    /// Stops reading until the output is below the low-water mark, then asks again.
    case block
    /// Waits: for the peer, for room, or for a time.
    case wait
    /// Continues in the next turn.
    case `continue`
}

/// What the loop knows beside the state.
package struct ConnectionFacts: Hashable, Sendable {
    /// Output waits for the peer.
    package var hasOutput: Bool
    /// The output that waits is at the high-water mark or above.
    package var isAboveHighWater: Bool
    /// The output that waits is at the low-water mark or below.
    package var isBelowLowWater: Bool
    /// The connection has only just come from another listener.
    package var isEntering = false
}

extension ConnectionState {
    /// After events of the socket were taken. Asked again after `flush`.
    ///
    /// - Parameters:
    ///   - hasOutput: output waits for the peer.
    ///   - hasRoom: the socket takes output again.
    ///   - hungUp, failed: the kernel reports the end of both directions, or an error (EPOLLHUP, EPOLLERR).
    ///   - previous: what was done before in this turn.
    package func onEvents(
        hasOutput: Bool, hasRoom: Bool, hungUp: Bool, failed: Bool, after previous: ConnectionEffect = .nothing
    ) -> ConnectionEffect {
        if let effect = withoutSession { return effect }
        if previous != .flush, hasOutput, hasRoom || has(Bit.writesAfterRead) { return .flush }
        if hungUp || failed, isOver(failed: failed) { return .breakOff }
        return .read
    }

    /// What follows if the callbacks of a session do not run now; nil: they do.
    private var withoutSession: ConnectionEffect? {
        if isParked { return .nothing }
        return switch life {
        case .vacant, .opening, .ended: .nothing
        case .handshake: .shakeHands
        case .lingering: .readAndDrop
        case .open: nil
        }
    }

    /// Whether only a time-out would detect the end of a broken connection: nothing will be read from it, and nothing can be sent.
    private func isOver(failed: Bool) -> Bool {
        if flow == .blocked || isClosing || peerSide != .sends { return true }
        // A Unix peer that closed normally shows as a hang-up without an error. What it sent before is still read when the plugin
        // resumes, or when its request rate allows.
        return failed && (isPaused || isThrottled)
    }

    /// When a connection on the ready list is reached. Asked again after `flush` and after `tellWritable`.
    ///
    /// - Parameter previous: what was done before in this turn; each of the two is done once.
    package func onReady(_ facts: ConnectionFacts, after previous: ConnectionEffect = .nothing) -> ConnectionEffect {
        if let effect = withoutSession { return effect }
        if has(Bit.flushesAgain), previous == .nothing { return .flush }
        if ending == .handsOver { return .settle }
        if flow == .blocked, facts.isBelowLowWater, !isClosing, previous != .tellWritable { return .tellWritable }
        if presentsAgain { return takesInput ? .present : .nothing }
        if peerSide != .sends { return mayTellOfEnd ? .tellOfEnd : .nothing }
        return .read
    }

    /// The end of input is told once all input has been presented.
    var mayTellOfEnd: Bool { peerSide == .finished && !presentsAgain && !isClosing }

    /// After a callback, when its output was sent as far as the socket takes it. Asked again after `move` and after `block`.
    ///
    /// - Parameter hasMoved: the session was already asked to move; if it cannot now, it moves after a later callback.
    package func afterCallback(_ facts: ConnectionFacts, hasMoved: Bool = false) -> ConnectionEffect {
        if isAborting { return .abort }
        if isClosing, !facts.hasOutput { return .finish }
        if ending == .handsOver { return facts.isEntering ? .settleLater : .handOver }
        if moves, !isClosing, !hasMoved { return .move }
        if flow == .full || flow == .flows && facts.isAboveHighWater { return .block }
        return hasMoreToDo(facts) ? .continue : .wait
    }

    private func hasMoreToDo(_ facts: ConnectionFacts) -> Bool {
        if isClosing { return false }
        if flow == .blocked { return facts.isBelowLowWater }
        if isPaused || isThrottled { return false }
        return presentsAgain || peerSide == .finished || isReadable && peerSide == .sends
    }
}

// MARK: - Invariants

extension ConnectionState {
    /// What is wrong with this state; nil: nothing.
    package var contradiction: String? {
        if life == .vacant, word & ~Bit.queued != 0 { return "a vacant slot has a state" }
        if isInCallback, life != .opening, life != .open { return "a callback runs without a session" }
        if ending != .none, life != .opening, life != .open, life != .ended { return "what has no session ends" }
        if life == .handshake, flow != .flows || isPaused || presentsAgain {
            return "there is a plugin in the handshake"
        }
        if life == .lingering, flow != .flows || isPaused || presentsAgain || isThrottled {
            return "something holds up a connection that only drops input"
        }
        if moves, life != .opening, life != .open { return "a session moves that does not exist" }
        if isReached, life != .open { return "there is no session to write to" }
        if isParked, life != .open && life != .handshake || isInCallback { return "what is parked goes on" }
        return nil
    }
}
