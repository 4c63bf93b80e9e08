import Engine
import Testing
import Threads

@testable import Instances
@testable import PluginHost

/// Calls that belong to no loop, and the reports of calls that do not return.
@Suite struct ControlCallTests {
    private func label(_ listener: String) -> UInt32 {
        InstanceLabels.shared.add(
            InstanceLabel(
                listener: listener, plugin: "echo", version: "1.2.3", generation: 4, callbackWarningNanoseconds: 0,
                hangNanoseconds: 0, faults: FaultMonitor(FaultPolicy()) { 0 }))
    }

    private let published = try! PublishedPages(loopCount: 1, isInFile: false)

    @Test func returnsWhatTheCallReturns() {
        #expect(ControlCall.run(.create, 0, published, by: .after(milliseconds: 10_000)) { 42 } == 42)
    }

    @Test func aCallThatDoesNotReturnIsNilAndStaysListed() throws {
        let label = label("hangs")
        defer { InstanceLabels.shared.remove(label) }
        let gate = Reply<Bool>()
        let answer = ControlCall.run(.destroy, label, published, by: .after(milliseconds: 20)) {
            _ = gate.wait()
            return 1
        }
        #expect(answer == nil)
        let running = try #require(ControlCall.running.first { $0.label == label })
        #expect(running.kind == .destroy)
        #expect(published.callbacks.map(\.label) == [label] && published.threads.count == 2)
        #expect(
            Stall.text(of: running.kind, label) == "destroy of echo 1.2.3 (listener hangs, generation 4)")
        gate.set(true)
        try waitUntil("it has returned") { !ControlCall.running.contains { $0.label == label } }
    }

    @Test func anInstanceThatIsGoneHasNoName() {
        let label = label("gone")
        InstanceLabels.shared.remove(label)
        #expect(Stall.text(of: .peerClosed, label) == "peer_closed")
    }

    @Test func aLoopThatDoesNotTurnIsReportedWithItsCallback() throws {
        let laboratory = try Laboratory()
        let (gate, began) = (Reply<Bool>(), Reply<Bool>())
        let plugin = SwiftPlugin(
            .init(received: { _, _, bytes in
                began.set(true)
                _ = gate.wait()
                return bytes.count
            }))
        let instance = try laboratory.running(plugin)
        let loop = laboratory.engine.loops[0]
        #expect(Stall.text(of: loop.page) == "does not turn")
        let peer = try laboratory.connect(to: instance)
        peer.send("x")
        _ = began.wait()
        #expect(
            Stall.text(of: loop.page)
                == "does not turn: it is in received of swift-plugin 1.2.3 (listener laboratory, generation 1)")
        #expect(
            Stall.all(in: laboratory.engine).filter { $0.hasPrefix("event loop") } == [],
            "no caller has waited for it yet"
        )
        loop.noteMiss(since: loop.turns)
        #expect(
            Stall.all(in: laboratory.engine).contains {
                $0.hasPrefix("event loop 0 does not turn: it is in received of swift-plugin")
            })
        gate.set(true)
        peer.close()
        #expect(try laboratory.end(instance) == .ended)
    }
}
