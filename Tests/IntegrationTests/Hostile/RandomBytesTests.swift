import Glibc
import TestInput
import Testing

extension Hostile {
    /// Random bytes, and slightly damaged messages, for every plugin.
    @Suite struct RandomBytes {
        @Test(arguments: [("", 2), ("dispatch = \"workers\"", 2)])
        func randomInputDoesNotHarmTheServer(dispatch: String, loops: Int) throws {
            let target = try Target(process: "loops = \(loops)", dispatch: dispatch)
            var open: [Peer] = []
            let rounds = try Torture.repeated("random bytes", seconds: 2) { generator in
                let listener = Target.listeners[generator.below(Target.listeners.count)]
                let peer = try target.connect(listener, &generator)
                let isBroken = generator.below(4) > 0
                let bytes =
                    isBroken
                    ? try Messages.broken(for: listener, &generator) : try Messages.valid(for: listener, &generator)
                send(bytes, peer, &generator)
                leave(peer, &generator, &open)
                if open.count > 50 { open.removeFirst(25) }
                guard target.server.process.isRunning else { throw Failure("the server has exited") }
            }
            print("random bytes: \(rounds) peers")
            open = []
            try target.expectUnharmed()
        }

        /// Sends in pieces of random sizes and sometimes reads. It is not an error if the server closes the connection.
        private func send(_ bytes: [UInt8], _ peer: Peer, _ generator: inout SeededGenerator) {
            var sent = 0
            while sent < bytes.count {
                let end = min(sent + 1 + generator.below(generator.below(2) == 0 ? 30 : 5_000), bytes.count)
                guard (try? peer.send(Array(bytes[sent..<end]))) != nil else { return }
                sent = end
                if generator.below(8) == 0, peer.hasInput(within: 1) { _ = try? peer.receiveSome() }
            }
        }

        private func leave(_ peer: Peer, _ generator: inout SeededGenerator, _ open: inout [Peer]) {
            switch generator.below(5) {
            case 0: peer.reset()
            case 1: peer.finishSending()
            case 2:
                if peer.hasInput(within: 2) { _ = try? peer.receiveSome() }
                peer.close()
            case 3: open.append(peer)
            default: peer.close()
            }
        }
    }
}
