import CMartlet
import Engine
import Glibc
import TestInput

/// How a peer connects.
package struct SimulatedArrival {
    package var loop = 0
    package var readsAtOnce = true
    /// nil: 127.0.0.1, port 10,000 and the number of the connection.
    package var peer: PeerAddress?
    /// nil: 127.0.0.1, port 9,999.
    package var local: PeerAddress?
    package var endpoint = "127.0.0.1:9999"

    package init() {}
}

/// One connection, seen from the peer's end.
package final class SimulatedPeer {
    /// From 1, in the order in which they connected.
    package let number: Int
    package let loop: Int
    package let simulation: Simulation
    /// The host that has the session, or had it last.
    package var host: SimulatedHost {
        let label = connection?.links.pointee.binding.pointee.label
        if let label, let found = simulation.host(labelled: label) { lastHost = found }
        return lastHost
    }
    private var lastHost: SimulatedHost

    /// The slot; nil before it has one, and after it has none any more.
    package internal(set) var connection: ConnectionPointer? {
        didSet { if let connection { id = connection.id.rawValue } }
    }
    /// As the host function `id` tells it; 0 before it has a slot.
    package private(set) var id: UInt64 = 0

    // MARK: The peer's socket

    /// What it has sent and the host has not received.
    var unread: [UInt8] = []
    var unreadStart = 0
    /// It sends no more.
    var isFinished = false
    /// It has closed its socket: whatever is sent to it comes back as a reset.
    var isGone = false
    var isReset = false
    /// What the host has sent and the test has not taken.
    package var output: [UInt8] = []
    /// How much it reads now, if it does not read at once.
    private var allowance = 0
    /// How much it still reads; output beyond it waits for ever.
    package var readBudget = Int.max
    package var readsAtOnce: Bool {
        didSet { if readsAtOnce, !oldValue { feed(Epoll.output) } }
    }

    // MARK: What the watched calls note

    /// Calls into the plugin that are about this connection and have not returned.
    var runningCalls = 0
    var reservation: Reservation?
    package internal(set) var presentations = 0
    /// `opened` has accepted it, on this listener.
    var isAccepted = false
    package internal(set) var closeReason: martlet_close_reason = 0
    /// The listener to which it was handed over last.
    package internal(set) var handedOverTo: String?
    package internal(set) var end = MARTLET_SIMULATED_OPEN
    /// A pointer in its session has been reported.
    var hasReportedPointer = false

    init(number: Int, _ arrival: SimulatedArrival, _ host: SimulatedHost) {
        self.number = number
        loop = arrival.loop
        readsAtOnce = arrival.readsAtOnce
        lastHost = host
        simulation = host.simulation
    }

    static func of(_ connection: ConnectionPointer) -> SimulatedPeer? {
        connection.links.pointee.transportState.map { Unmanaged<SimulatedPeer>.fromOpaque($0).takeUnretainedValue() }
    }

    func connect(_ arrival: SimulatedArrival, to binding: BindingPointer) {
        let local = arrival.local ?? PeerAddress(ipv4: "127.0.0.1", port: 9_999)!
        let address = arrival.peer ?? PeerAddress(ipv4: "127.0.0.1", port: UInt16(truncatingIfNeeded: 10_000 + number))!
        simulation.act(on: loop) { core in
            let place = core.takePlace(binding)
            guard place.limit == nil else {
                end = MARTLET_SIMULATED_REFUSED
                return
            }
            var opening = Arrival(
                descriptor: -1, peer: address, local: local, endpoint: EndpointName.interned(arrival.endpoint),
                binding: binding, place: place)
            opening.transport = SimulatedTransport.pointer
            opening.transportState = Unmanaged.passUnretained(self).toOpaque()
            if core.open(opening) == nil { end = MARTLET_SIMULATED_REFUSED }
        }
    }

    // MARK: What a peer does

    /// - Parameter events: what happens at the socket.
    private func feed(_ events: UInt32) {
        guard let connection else { return }
        simulation.act(on: loop) { $0.handle(connection, events) }
    }

    /// Sends bytes in pieces. Before the next piece, the host has done all that the last one caused.
    package func send(_ bytes: [UInt8], split: InputSplit = .whole) {
        for piece in split.pieces(of: bytes) {
            guard end == MARTLET_SIMULATED_OPEN, !isFinished, !isReset else { return }
            unread += piece
            feed(Epoll.input)
        }
    }

    /// Sends no more, but still reads.
    package func finishSending() {
        guard end == MARTLET_SIMULATED_OPEN else { return }
        isFinished = true
        feed(Epoll.input | Epoll.peerShutdown)
    }

    /// Closes its socket.
    package func hangUp() {
        guard end == MARTLET_SIMULATED_OPEN else { return }
        isGone = true
        if waitingOutput > 0 { reset() } else { finishSending() }
    }

    /// The connection breaks, as with ECONNRESET.
    package func reset() {
        guard end == MARTLET_SIMULATED_OPEN else { return }
        isReset = true
        feed(Epoll.input | Epoll.output | Epoll.peerShutdown | Epoll.error | Epoll.hangup)
        // Nothing was to be read or sent, as on a socket of a session that is paused.
        cut(.reset)
    }

    /// Reads up to so many bytes of the output that waits.
    package func read(upTo limit: Int = .max) {
        guard end == MARTLET_SIMULATED_OPEN else { return }
        allowance = min(limit, waitingOutput)
        feed(Epoll.output)
        allowance = 0
    }

    /// The host ends the connection.
    package func cut(_ reason: CloseReason) {
        guard let connection else { return }
        simulation.act(on: loop) { $0.end(connection, reason) }
    }

    /// Moves the session to another generation.
    package func migrate(to next: SimulatedHost) -> LoopPointer.Move {
        guard let connection, next.simulation === simulation, next.listener === host.listener, !next.isStopped else {
            return .stays
        }
        nonisolated(unsafe) let binding = next.instance.bindings[loop]
        return simulation.act(on: loop) { $0.migrate(connection, to: binding) }
    }

    // MARK: What one sees

    /// The session exists.
    package var isOpen: Bool { connection?.pointee.state.hasSession ?? false }

    /// What the plugin wrote and the peer has not read.
    package var waitingOutput: Int { connection?.pointee.outputBytes ?? 0 }

    /// What was sent and the plugin has not consumed, presented or not.
    package var unconsumedInput: Int { (connection?.pointee.inputCount ?? 0) + unread.count - unreadStart }

    /// Nanoseconds until `timer` is called; nil: none is set.
    package var timer: UInt64? {
        guard let slot = connection?.pointee, slot.state.hasSession, slot.timerDeadline > 0 else { return nil }
        let due = slot.timerDeadline * 1_000_000
        return due > simulation.monotonicNanoseconds ? due - simulation.monotonicNanoseconds : 0
    }

    /// What the peer has read since the last call.
    package func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }

    // MARK: For the transport

    /// How many bytes of the host's output the peer takes now.
    func takes(_ count: Int) -> Int { min(count, readBudget, readsAtOnce ? .max : allowance) }

    func take(_ bytes: UnsafeRawBufferPointer) {
        output += bytes
        if readBudget != .max { readBudget -= bytes.count }
        if !readsAtOnce { allowance -= bytes.count }
        simulation.progress += bytes.count
    }

    // MARK: Reservations

    func reserve(_ count: Int, at place: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8>? {
        let made = Reservation(count: count, at: place)
        reservation = made
        return made.memory.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    }

    func dropReservation() {
        guard let reservation else { return }
        self.reservation = nil
        if !reservation.memory.isFenceIntact { host.note("wrote behind the memory that it reserved", self) }
        reservation.memory.free()
    }
}

/// Memory that the plugin got from `reserve`, and the host's own behind it.
struct Reservation {
    let memory: FencedMemory
    let place: UnsafeMutablePointer<UInt8>

    init(count: Int, at place: UnsafeMutablePointer<UInt8>) {
        memory = FencedMemory(count: count)
        self.place = place
    }

    /// Copies what the plugin wrote to where the host expects it.
    func copy(_ count: Int) {
        guard count > 0, count <= memory.bytes.count, let source = memory.bytes.baseAddress else { return }
        UnsafeMutableRawPointer(place).copyMemory(from: source, byteCount: count)
    }
}
