import Glibc
import Testing

extension Hostile {
    /// Many connections that open, break and close.
    @Suite struct Crowds {
        @Test func aFloodOfConnectionsLeavesNothingBehind() throws {
            let target = try Target()
            let served = try target.connect("echo")
            let rounds = try Torture.repeated("flood", seconds: 1.5) { generator in
                let name = Target.listeners[generator.below(Target.listeners.count)]
                let peers = try (0..<50).map { _ in try target.connect(name, &generator) }
                guard try served.ask("still") == "still" else { throw Failure("a connected peer got a wrong answer") }
                for peer in peers where generator.below(2) == 0 { peer.reset() }
            }
            print("flood: \(rounds * 50) connections")
            served.close()
            try target.expectUnharmed()
        }

        @Test func aFloodAtALimitDoesNoHarm() throws {
            let target = try Target(
                process: "max_connections = 40", limits: "on_limit = \"refuse\"\nconnections = 30")
            let served = try target.connect("shout")
            guard try served.ask("in") == "IN" else { throw Failure("shout: wrong answer") }
            try Torture.repeated("flood at a limit", seconds: 1) { generator in
                let name = Target.listeners[generator.below(Target.listeners.count)]
                let peers = (0..<60).compactMap { _ in try? target.connect(name, &generator) }
                guard try served.ask("still") == "STILL" else { throw Failure("a connected peer got a wrong answer") }
                for peer in peers where generator.below(2) == 0 { peer.reset() }
            }
            served.close()
            try target.expectUnharmed()
        }

        /// Peers reset with an SO_LINGER of zero: at once, within a message, before the answer, or within the answer.
        @Test func aStormOfResetsLeavesNothingBehind() throws {
            let target = try Target()
            let rounds = try Torture.repeated("resets", seconds: 2) { generator in
                let name = Target.listeners[generator.below(Target.listeners.count)]
                let peers = try (0..<10).map { _ in try target.connect(name, &generator, receiveBuffer: 4 << 10) }
                for peer in peers {
                    var bytes = try Messages.valid(for: name, &generator)
                    if generator.below(3) == 0 { bytes = Array(bytes.prefix(generator.below(bytes.count + 1))) }
                    if generator.below(4) > 0 { try? peer.send(bytes) }
                    if generator.below(3) == 0, peer.hasInput(within: 1) { _ = try? peer.receiveSome(limit: 10) }
                }
                for peer in peers { peer.reset() }
            }
            print("resets: \(rounds * 10) connections")
            try target.expectUnharmed()
        }

        /// Peers that have shut down one direction get their answers and then the end of the stream.
        @Test func halfClosedPeersAreAnsweredAndClosed() throws {
            let target = try Target()
            try Torture.repeated("half open", seconds: 1) { generator in
                let lines = try target.connect("shout")
                try lines.send("last words\nand half a li")
                lines.finishSending()
                guard try lines.receiveLine() == "LAST WORDS" else { throw Failure("shout: wrong answer") }
                _ = try lines.waitForEnd()

                let bytes = generator.bytes(generator.below(300_000))
                let echo = try target.connect("echo")
                let sender = try Background { [descriptor = echo.descriptor] in
                    try sendAll(bytes, to: descriptor)
                    shutdown(descriptor, Int32(SHUT_WR))
                }
                guard try echo.receiveToEnd() == bytes else { throw Failure("echo: wrong answer") }
                try sender.value()

                let client = try HTTPPeer(target.addresses["http"]!)
                try client.send("GET", "/")
                client.peer.finishSending()
                guard try client.answer().text == "hello" else { throw Failure("http: wrong answer") }
                _ = try client.peer.waitForEnd()

                for name in Target.listeners {
                    let silent = try target.connect(name)
                    silent.finishSending()
                    _ = try silent.waitForEnd()
                }
                // This peer has shut down its receiving direction, so the echo reaches a closed socket.
                let deaf = try target.connect("echo")
                shutdown(deaf.descriptor, Int32(SHUT_RD))
                try? deaf.send(generator.bytes(10_000))
                deaf.close()
            }
            try target.expectUnharmed()
        }
    }
}
