import MartletKitTesting
import Testing

@testable import LineCountPlugin

@Suite struct LineCountTests {
    @Test(arguments: [InputSplit.whole, .everyByte, .pieces(of: 2), .pieces(of: 5), .random(seed: 1)])
    func countsLines(_ split: InputSplit) throws {
        let host = try SimulatedHost(LineCount.self, options: ["greeting": "welcome"])
        let peer = host.connect()
        #expect(text(peer) == "welcome\n")
        peer.send("hello\r\n\nabc\nquit\nnever seen\n", split: split)
        #expect(text(peer) == "1 5\n2 0\n3 3\nbye 3\n")
        #expect(peer.end == .closed(.plugin))
        #expect(host.metric("lines_total") == 3)
        #expect(host.metric("line_bytes_bucket{le=\"16\"}") == 3)
        #expect(host.metric("line_bytes_sum") == 8)
        #expect(host.shutDown() == [])
    }

    @Test func aLineLongerThanTheMaximumEndsTheConnection() throws {
        let host = try SimulatedHost(LineCount.self, options: ["max_line": 16])
        let peer = host.connect()
        peer.send("0123456789abcdef\r\n")
        #expect(text(peer) == "1 16\n")
        peer.send("0123456789abcdefgh", split: .everyByte)
        #expect(text(peer) == "error: line too long\n")
        #expect(peer.end == .closed(.plugin))
        #expect(host.shutDown() == [])
    }

    @Test func aPeerThatDoesNotReadCausesBackpressure() throws {
        let host = try SimulatedHost(LineCount.self, limits: HostLimits(outputHighWater: 8, outputLowWater: 4))
        let peer = host.connect(readsAtOnce: false)
        for _ in 0..<100 { peer.send("x\n") }
        #expect(peer.waitingOutput < 20)
        while peer.waitingOutput > 0 { peer.read(upTo: 10) }
        #expect(text(peer).split(separator: "\n").count == 100)
        #expect(host.shutDown() == [])
    }

    @Test func countsSurviveASwap() throws {
        let old = try SimulatedHost(LineCount.self)
        let new = try old.nextGeneration(LineCount.self, options: ["greeting": "new"])
        let peer = old.connect()
        peer.send("a\nb\nhalf")
        #expect(text(peer) == "1 1\n2 1\n")
        #expect(peer.migrate(to: new) == .moved)
        peer.send(" a line\n")
        #expect(text(peer) == "3 11\n")
        #expect(old.shutDown() == [])
        #expect(new.shutDown() == [])
    }

    @Test func theOperationReturnsTheCounts() throws {
        let host = try SimulatedHost(LineCount.self, loops: 2)
        host.connect(loop: 0).send("a\nb\n")
        host.connect(loop: 1).send("c\n")
        #expect(try host.call("lines") == ["2", "1"])
        #expect(host.shutDown() == [])
    }

    @Test func aGreetingOfTwoLinesIsRefused() {
        #expect(throws: SimulationError.self) {
            try SimulatedHost(LineCount.self, options: ["greeting": "one\ntwo"])
        }
    }

    private func text(_ peer: SimulatedConnection) -> String { String(decoding: peer.takeOutput(), as: UTF8.self) }
}
