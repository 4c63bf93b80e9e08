import Testing

@testable import Engine

/// Every state with every event, and every decision in every state.
@Suite struct ConnectionStateTests {
    typealias State = ConnectionState

    /// All states that contradict nothing. Bits that no decision depends on are all 0 or all 1.
    static let all: [State] = {
        let decisive: [UInt32] = [12, 14, 15, 16, 17, 20, 21, 22].map { 1 << $0 }
        let others: UInt32 = [11, 13, 18, 19, 23, 24, 25, 26].reduce(0) { $0 | 1 << $1 }
        var states: [State] = []
        for life in State.Life.allCases {
            for ending in State.Ending.allCases {
                for peer in State.PeerSide.allCases {
                    for flow in State.Flow.allCases {
                        for callback in UInt32(0)...1 {
                            let fields =
                                life.rawValue | ending.rawValue << 3 | peer.rawValue << 6 | flow.rawValue << 8
                                | callback << 10
                            for pattern in 0..<(1 << decisive.count) {
                                let bits = decisive.enumerated().reduce(UInt32(0)) {
                                    pattern & 1 << $1.offset == 0 ? $0 : $0 | $1.element
                                }
                                for rest in [0, others] {
                                    let state = unsafeBitCast(fields | bits | rest, to: State.self)
                                    if state.contradiction == nil { states.append(state) }
                                }
                            }
                        }
                    }
                }
            }
        }
        return states
    }()

    static let facts: [ConnectionFacts] = (0..<16).map {
        ConnectionFacts(
            hasOutput: $0 & 1 != 0, isAboveHighWater: $0 & 2 != 0, isBelowLowWater: $0 & 4 != 0,
            isEntering: $0 & 8 != 0)
    }

    private func after(_ event: ConnectionEvent, _ state: State) -> State {
        var next = state
        next.take(event)
        return next
    }

    @Test func theFieldsDoNotOverlap() {
        #expect(MemoryLayout<State>.size == 4)
        #expect(Self.all.count > 100_000)
        #expect(Set(Self.all).count == Self.all.count)
    }

    /// What a failed check was about: only the first failures are worth reading.
    private struct Failures {
        private(set) var texts: [String] = []

        mutating func check(_ isRight: Bool, _ text: @autoclosure () -> String) {
            if !isRight, texts.count < 5 { texts.append(text()) }
        }
    }

    @Test func noEventLeadsToAContradiction() {
        var failures = Failures()
        for state in Self.all {
            for event in ConnectionEvent.allCases where state.allows(event) {
                let next = after(event, state)
                failures.check(next.contradiction == nil, "\(event) in \(state): \(next.contradiction ?? "")")
            }
        }
        #expect(failures.texts == [])
    }

    /// Only the events of its life change the life of a connection, and each only from where it is allowed.
    @Test func theLifeOfAConnection() {
        let expected: [ConnectionEvent: [State.Life: State.Life]] = [
            .accepted: [.vacant: .opening],
            .acceptedForHandshake: [.vacant: .handshake],
            .handshakeEnded: [.handshake: .opening],
            .opened: [.opening: .open],
            .ended: [.open: .ended],
            .lingers: [.ended: .lingering],
            .entered: [.ended: .opening],
            .released: [.handshake: .vacant, .opening: .vacant, .ended: .vacant, .lingering: .vacant],
        ]
        var failures = Failures()
        for state in Self.all {
            for event in ConnectionEvent.allCases where state.allows(event) {
                let life = after(event, state).life
                failures.check(life == expected[event]?[state.life] ?? state.life, "\(event) in \(state)")
                failures.check(
                    expected[event] == nil || expected[event]?[state.life] != nil, "\(event) is allowed in \(state)")
            }
        }
        #expect(failures.texts == [])
    }

    /// An ending only gets stronger, until the session is over or another listener has it.
    @Test func anEndingIsNotTakenBack() {
        var failures = Failures()
        for state in Self.all where state.isClosing {
            for event in ConnectionEvent.allCases where state.allows(event) {
                let next = after(event, state)
                let isOver = event == .released || event == .lingers || event == .entered
                failures.check(isOver || next.ending.rawValue >= state.ending.rawValue, "\(event) in \(state)")
                failures.check(isOver || next.isClosedByPlugin == state.isClosedByPlugin, "\(event) in \(state)")
            }
        }
        #expect(failures.texts == [])
    }

    @Test func requestsAreTakenOnlyInACallbackThatHasNotEndedTheSession() {
        var failures = Failures()
        for state in Self.all {
            let takes = state.isInCallback && state.ending == .none
            failures.check(state.takesCalls == takes, "\(state)")
            for event in [ConnectionEvent.asksToClose, .asksToHandOver, .asksToPause, .toldFull] {
                failures.check(state.allows(event) == takes, "\(event) in \(state)")
            }
        }
        #expect(failures.texts == [])
    }

    /// Effects that call `received`, `peer_closed` or `writable`.
    private func callsThePlugin(_ effect: ConnectionEffect) -> Bool {
        [.present, .read, .tellOfEnd, .tellWritable].contains(effect)
    }

    @Test func nothingIsPresentedAfterTheEnd() {
        var failures = Failures()
        for state in Self.all {
            if state.isClosing || state.life != .open {
                failures.check(
                    !state.mayRead && !state.mayTellOfEnd || state.life != .open && !state.mayRead, "\(state)")
                for facts in Self.facts {
                    let effect = state.onReady(facts)
                    failures.check(
                        !callsThePlugin(effect) || effect == .read && !state.mayRead, "\(effect) in \(state)")
                }
            }
        }
        #expect(failures.texts == [])
    }

    @Test func theTwoWaysToAskAboutReadingAgree() {
        var failures = Failures()
        for state in Self.all {
            let may =
                state.life == .open && state.isReadable && state.ending == .none && state.flow != .blocked
                && !state.isPaused && !state.isThrottled && !state.presentsAgain && state.peerSide == .sends
            failures.check(state.mayRead == may, "\(state)")
            // The fast path looks at nothing that the slow one would handle.
            if state.isUsual, state.hasSession {
                let idle = ConnectionFacts(hasOutput: false, isAboveHighWater: false, isBelowLowWater: true)
                failures.check(state.afterCallback(idle) == .wait, "\(state)")
            }
            if state.isConversing {
                let effect = state.onEvents(hasOutput: false, hasRoom: true, hungUp: false, failed: false)
                failures.check(effect == .read, "\(state)")
            }
        }
        #expect(failures.texts == [])
    }

    /// What an effect asks for is possible: the event that the loop takes for it is allowed.
    @Test func everyEffectIsPossible() {
        var failures = Failures()
        func check(_ effect: ConnectionEffect, _ state: State) {
            switch effect {
            case .nothing, .wait, .read, .readAndDrop, .settle: break
            case .shakeHands: failures.check(state.allows(.handshakeEnded), "\(effect) in \(state)")
            case .flush: failures.check(state.allows(.flushBegan), "\(effect) in \(state)")
            case .present: failures.check(state.allows(.presents), "\(effect) in \(state)")
            case .tellOfEnd: failures.check(state.allows(.toldOfEnd), "\(effect) in \(state)")
            case .tellWritable: failures.check(state.allows(.wentBelowLowWater), "\(effect) in \(state)")
            case .block: failures.check(state.allows(.wentAboveHighWater), "\(effect) in \(state)")
            case .abort, .finish, .breakOff, .handOver: failures.check(state.allows(.ended), "\(effect) in \(state)")
            case .move: failures.check(state.allows(.moveSettled), "\(effect) in \(state)")
            case .settleLater, .continue: failures.check(state.allows(.queued), "\(effect) in \(state)")
            }
        }
        for state in Self.all where !state.isInCallback {
            for facts in Self.facts {
                check(state.onReady(facts), state)
                check(state.onReady(facts, after: .flush), state)
                if state.hasSession { check(state.afterCallback(facts), state) }
            }
            for events in 0..<16 {
                check(
                    state.onEvents(
                        hasOutput: events & 1 != 0, hasRoom: events & 2 != 0, hungUp: events & 4 != 0,
                        failed: events & 8 != 0), state)
            }
        }
        #expect(failures.texts == [])
    }

    /// Asking again comes to an end: within a turn each step leads to another state or is not repeated.
    @Test func askingAgainEnds() {
        var failures = Failures()
        for state in Self.all where state.hasSession && !state.isInCallback {
            for facts in Self.facts {
                var next = state
                var (steps, hasMoved) = (0, false)
                while steps < 5 {
                    // A session that says "not now" still has to move.
                    let effect = next.afterCallback(facts, hasMoved: hasMoved)
                    if effect == .move { hasMoved = true }
                    if effect == .block { next.take(.wentAboveHighWater) }
                    guard effect == .move || effect == .block else { break }
                    steps += 1
                }
                failures.check(steps <= 2, "after a callback in \(state)")
                failures.check(next.onReady(facts, after: .flush) != .flush, "\(state)")
                failures.check(next.onReady(facts, after: .tellWritable) != .tellWritable, "\(state)")
            }
        }
        #expect(failures.texts == [])
    }

    /// A connection on the ready list either does something in its turn or has nothing more to do.
    @Test func everythingThatContinuesDoesSomething() {
        var failures = Failures()
        for state in Self.all where state.hasSession && !state.isInCallback {
            for facts in Self.facts where state.afterCallback(facts) == .continue {
                var queued = state
                queued.take(.dequeued)
                let effect = queued.onReady(facts)
                failures.check(effect != .nothing, "\(state)")
                if effect == .read { failures.check(queued.mayRead, "reads nothing: \(state)") }
            }
        }
        #expect(failures.texts == [])
    }
}
