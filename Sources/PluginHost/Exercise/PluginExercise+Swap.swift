import Simulation

/// Plays a reload: a second instance beside the first, sessions that move to it, and the end of both.
extension PluginExercise {
    func swapAndEnd(_ host: SimulatedHost) throws(ProbeFailure) {
        guard let next = try makeNext(host) else { return try end(host) }
        let peers = openSessions(on: host)
        try check(host)
        narrator.script = "when its session moves to the next generation"
        report.moved = host.swap(to: next).count { $0 == .moved }
        try check(host, next)
        narrator.script = "after the reload"
        for peer in peers { peer.connection.send(peer.rest) }
        settle(host)
        settle(next)
        try check(host, next)
        try end(host)
        narrator.script = "after the first generation was destroyed"
        for peer in peers { peer.connection.send(PeerInput.lines, split: .pieces(of: 11)) }
        connect(next).send(PeerInput.request, split: .pieces(of: 13))
        settle(next)
        try check(next)
        try end(next)
    }

    /// nil: there can be no second instance. A plugin may allow only one; then it cannot be swapped, but it can serve.
    private func makeNext(_ host: SimulatedHost) throws(ProbeFailure) -> SimulatedHost? {
        narrator.script = "beside another instance"
        do throws(ProbeFailure) {
            return try makeHost()
        } catch {
            guard case .notCreated = error else { throw error }
            report.notes.append("no second instance could be made, so it cannot be swapped: \(error.reason)")
            return nil
        }
    }

    /// Opens sessions that are in the middle of their input. Returns them with what their peers send next.
    private func openSessions(on host: SimulatedHost) -> [(connection: SimulatedPeer, rest: [UInt8])] {
        report.scripts += 1
        narrator.script = "before the reload"
        var peers = [(connection: connect(host), rest: PeerInput.lines)]
        for input in [PeerInput.lines, PeerInput.request] {
            for count in [input.count / 3, input.count / 2, input.count] {
                let connection = connect(host)
                connection.send(Array(input.prefix(count)), split: .pieces(of: 6))
                peers.append((connection, Array(input.dropFirst(count)) + input))
            }
            let lazy = connect(host, readsAtOnce: false)
            for _ in 0..<50 { lazy.send(input) }
            peers.append((lazy, input))
        }
        settle(host)
        return peers
    }

    /// Drains the instance, ends the connections that have not closed, then ends the instance.
    private func end(_ host: SimulatedHost) throws(ProbeFailure) {
        narrator.script = "while it drains"
        let fresh = connect(host)
        fresh.send(Array(PeerInput.lines.prefix(3)))
        host.drain()
        settle(host)
        for connection in host.openConnections { connection.read() }
        settle(host)
        try check(host)
        narrator.script = "at the end of its instance"
        host.shutDown()
        try check(host)
    }
}
