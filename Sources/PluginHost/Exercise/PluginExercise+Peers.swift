import Simulation
import TestInput

/// Plays peers, one after the other and together.
extension PluginExercise {
    /// How many bytes of the answers a peer reads. A plugin that sends endlessly waits from there on.
    private static let readBudget = 256 << 10

    func connect(_ host: SimulatedHost, readsAtOnce: Bool = true) -> SimulatedPeer {
        connected += 1
        var arrival = SimulatedArrival()
        arrival.loop = connected % Self.loopCount
        arrival.readsAtOnce = false
        guard let peer = host.connect(arrival) else { preconditionFailure("a host that was shut down gets no peers") }
        peer.readBudget = Self.readBudget
        peer.readsAtOnce = readsAtOnce
        return peer
    }

    func play(_ script: PeerScript, _ host: SimulatedHost) throws(ProbeFailure) {
        report.scripts += 1
        narrator.script = "with \(script.name)"
        let connection = connect(host)
        connection.send(script.input, split: script.split)
        settle(host)
        try check(host)
        end(connection, script.ending, host)
        try check(host)
    }

    private func end(_ connection: SimulatedPeer, _ ending: PeerScript.Ending, _ host: SimulatedHost) {
        switch ending {
        case .halfClose:
            narrator.script += ", then a half-close"
            connection.finishSending()
            settle(host)
        case .reset:
            narrator.script += ", then a reset"
            connection.reset()
        case .idleTimeout: break
        }
        connection.cut(.idleTimeout)
        _ = connection.takeOutput()
        host.simulation.runWork(limit: 256)
    }

    func playSpecialPeers(_ host: SimulatedHost) throws(ProbeFailure) {
        let plays = [playSilence, playEarlyClose, playPeerThatDoesNotRead, playManyTogether]
        for play in plays where hasTime {
            report.scripts += 1
            try play(host)
        }
    }

    private func playSilence(_ host: SimulatedHost) throws(ProbeFailure) {
        narrator.script = "with a peer that says nothing for an hour"
        let silent = connect(host)
        host.simulation.advance(by: 3_600_000_000_000, timers: 256)
        silent.finishSending()
        silent.cut(.writeTimeout)
        try check(host)
    }

    private func playEarlyClose(_ host: SimulatedHost) throws(ProbeFailure) {
        narrator.script = "with a peer that leaves in the middle"
        for input in [PeerInput.lines, PeerInput.request] {
            for count in [1, input.count / 2, input.count - 1] {
                let leaving = connect(host, readsAtOnce: count != 1)
                leaving.send(Array(input.prefix(count)))
                leaving.reset()
                let closing = connect(host, readsAtOnce: count != 1)
                closing.send(Array(input.prefix(count)), split: .pieces(of: 9))
                closing.finishSending()
                settle(host)
                closing.reset()
                try check(host)
            }
        }
    }

    private func playPeerThatDoesNotRead(_ host: SimulatedHost) throws(ProbeFailure) {
        for (name, input) in [("lines", PeerInput.lines), ("HTTP requests", PeerInput.request)] {
            narrator.script = "with a peer that sends \(name) and does not read"
            let lazy = connect(host, readsAtOnce: false)
            for _ in 0..<200 { lazy.send(input) }
            settle(host)
            try check(host)
            narrator.script = "with a peer that sends \(name) and reads slowly"
            for count in [1, 1, 1_000, 5_000, 20_000] { lazy.read(upTo: count) }
            lazy.read()
            settle(host)
            try check(host)
            narrator.script = "with a peer that sends \(name), does not read, and leaves"
            lazy.readsAtOnce = false
            lazy.send(input)
            lazy.reset()
            try check(host)
        }
    }

    /// Plays many peers at once, in alternating pieces, on all loops.
    private func playManyTogether(_ host: SimulatedHost) throws(ProbeFailure) {
        narrator.script = "with 16 peers at once (seed \(request.seed))"
        var generator = SeededGenerator(seed: UInt64(request.seed))
        let peers = (0..<16).map { index in
            (connection: connect(host), input: index % 2 == 0 ? PeerInput.lines : PeerInput.request)
        }
        var sent = [Int](repeating: 0, count: peers.count)
        for _ in 0..<400 {
            let index = Int.random(in: peers.indices, using: &generator)
            let count = min(Int.random(in: 1...24, using: &generator), peers[index].input.count - sent[index])
            peers[index].connection.send(Array(peers[index].input[sent[index]..<sent[index] + count]))
            sent[index] += count
        }
        settle(host)
        for (index, peer) in peers.enumerated() {
            if index % 2 == 0 { peer.connection.finishSending() } else { peer.connection.reset() }
        }
        settle(host)
        for peer in peers { peer.connection.cut(.idleTimeout) }
        try check(host)
    }
}
