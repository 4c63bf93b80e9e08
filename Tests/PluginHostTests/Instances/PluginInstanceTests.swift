import CMartlet
import Engine
import PluginABI
import Testing
import Threads

@testable import Instances
@testable import PluginHost

/// The life of an instance on a real engine: made, started, in use, ended.
@Suite struct PluginInstanceTests {
    /// A plugin whose `create` makes these calls of `refuse` and then fails.
    private func refusing(_ refusals: [(path: String, message: String)]) -> SwiftPlugin {
        SwiftPlugin(
            .init(create: { plugin in
                for (path, message) in refusals {
                    plugin.host.refuse(plugin.instance, permanentText(path), permanentText(message))
                }
                return MARTLET_ERROR_ARGUMENT
            }))
    }

    // MARK: create

    @Test func theRefusalsOfCreateAreReported() throws {
        let laboratory = try Laboratory()
        let plugin = refusing([("routes[1].root", "no such folder"), ("", "and nothing else fits")])
        let instance = try laboratory.instance()
        let refusal = #expect(throws: InstanceRefusal.self) { try instance.create(options: plugin.options) }
        #expect(
            refusal?.problems.map(\.description) == [
                "options.routes[1].root: no such folder", "and nothing else fits",
            ])
        #expect(try laboratory.end(instance) == .ended)
        #expect(plugin.calls == ["create"], "destroy is not called")
    }

    @Test func aRefusalWithoutAReasonReportsTheResult() throws {
        let laboratory = try Laboratory()
        let instance = try laboratory.instance()
        let options = refusing([]).options
        let refusal = #expect(throws: InstanceRefusal.self) { try instance.create(options: options) }
        #expect(refusal?.problems.map(\.description) == ["create returned -2"])
        #expect(try laboratory.end(instance) == .ended)
    }

    @Test func aCreateThatDoesNotReturnIsAbandoned() throws {
        let laboratory = try Laboratory()
        let gate = Reply<Bool>()
        let plugin = SwiftPlugin(
            .init(create: { _ in
                _ = gate.wait()
                return MARTLET_OK
            }))
        let instance = try laboratory.instance(callNanoseconds: 50_000_000)
        let refusal = #expect(throws: InstanceRefusal.self) { try instance.create(options: plugin.options) }
        #expect(
            refusal?.problems.map(\.description) == ["create has not returned within 0.05 s (plugin_timeout)"])
        #expect(ControlCall.running.contains { $0.label == instance.label && $0.kind == .create })
        gate.set(true)
        try waitUntil("it has returned") { !ControlCall.running.contains { $0.label == instance.label } }
    }

    // MARK: end

    @Test func anIdleInstanceEndsInOrder() throws {
        let laboratory = try Laboratory(loops: 2)
        let plugin = SwiftPlugin()
        let instance = try laboratory.running(plugin)
        #expect(plugin.calls == ["create", "loop_start 0", "loop_start 1"])
        #expect(instance.end() == .ended)
        #expect(
            plugin.calls == ["create", "loop_start 0", "loop_start 1", "loop_stop 0", "loop_stop 1", "destroy"])
    }

    @Test func aDestroyThatDoesNotReturnIsAbandoned() throws {
        let laboratory = try Laboratory()
        let gate = Reply<Bool>()
        let plugin = SwiftPlugin(.init(destroy: { _ = gate.wait() }))
        let instance = try laboratory.instance(callNanoseconds: 50_000_000)
        try instance.create(options: plugin.options)
        #expect(try laboratory.end(instance) == .abandoned)
        gate.set(true)
        try waitUntil("it has returned") { !ControlCall.running.contains { $0.label == instance.label } }
    }

    @Test func endWaitsForWork() throws {
        let laboratory = try Laboratory()
        let plugin = SwiftPlugin()
        let instance = try laboratory.running(plugin)
        let gate = Unmanaged.passRetained(Gate())
        let submitted = plugin.host.submit(
            plugin.instance, 0, { Unmanaged<Gate>.fromOpaque($0!).takeRetainedValue().wait() }, nil, gate.toOpaque())
        #expect(submitted == MARTLET_OK)
        #expect(instance.isBusy)
        for _ in 0..<3 { #expect(instance.end() == .later) }
        #expect(!plugin.calls.contains("destroy"))
        gate.takeUnretainedValue().open()
        #expect(try laboratory.end(instance) == .ended)
        #expect(plugin.calls.last == "destroy")
    }

    @Test func endWaitsForADelivery() throws {
        let laboratory = try Laboratory()
        let plugin = SwiftPlugin()
        let instance = try laboratory.running(plugin)
        let gate = laboratory.hold(laboratory.engine.loops[0])
        #expect(plugin.host.post(plugin.instance, 0, { _, _, _, _ in }, nil) == MARTLET_OK)
        #expect(instance.end() == .later)
        gate.set(true)
        #expect(try laboratory.end(instance) == .ended)
        #expect(plugin.host.post(plugin.instance, 0, { _, _, _, _ in }, nil) == MARTLET_ERROR_STOPPING)
        let submitted = plugin.host.submit(plugin.instance, 0, { _ in }, nil, nil)
        #expect(submitted == MARTLET_ERROR_STOPPING)
    }

    /// An instance that was found busy accepts work again until it ends.
    @Test func aFailedEndLeavesTheInstanceOpen() throws {
        let laboratory = try Laboratory()
        let plugin = SwiftPlugin()
        let instance = try laboratory.running(plugin)
        let peer = try laboratory.connect(to: instance)
        try waitUntil("it is there") { instance.counts.open == 1 }
        #expect(instance.end() == .later)
        #expect(plugin.host.post(plugin.instance, 0, { _, _, _, _ in }, nil) == MARTLET_OK)
        peer.send("still")
        #expect(peer.receive() == "still")
        peer.close()
        #expect(try laboratory.end(instance) == .ended)
    }

    // MARK: Results of the host functions

    @Test func aFullMailboxIsBusy() throws {
        let laboratory = try Laboratory(deliveryLimit: 2)
        let plugin = SwiftPlugin()
        let instance = try laboratory.running(plugin)
        let gate = laboratory.hold(laboratory.engine.loops[0])
        func post() -> martlet_result { plugin.host.post(plugin.instance, 0, { _, _, _, _ in }, nil) }
        #expect([post(), post(), post()] == [MARTLET_OK, MARTLET_OK, MARTLET_ERROR_BUSY])
        #expect(
            plugin.host.submit(plugin.instance, 0, { _ in }, { _, _, _, _ in }, nil) == MARTLET_ERROR_BUSY,
            "its completion has no place")
        gate.set(true)
        try waitUntil("there is room again") { !instance.isBusy }
        #expect(post() == MARTLET_OK)
        #expect(try laboratory.end(instance) == .ended)
    }

    @Test func aMissingLoopIsAnInvalidArgument() throws {
        let laboratory = try Laboratory()
        let plugin = SwiftPlugin()
        let instance = try laboratory.running(plugin)
        let elsewhere = martlet_connection_id.max
        #expect(plugin.host.post(plugin.instance, elsewhere, { _, _, _, _ in }, nil) == MARTLET_ERROR_ARGUMENT)
        #expect(plugin.host.submit(plugin.instance, elsewhere, { _ in }, nil, nil) == MARTLET_ERROR_ARGUMENT)
        #expect(instance.end() == .ended)
    }

    @Test func metricsAreRegisteredOnlyInCreate() throws {
        let laboratory = try Laboratory()
        let (name, help) = ("things_total", "Things")
        let plugin = SwiftPlugin(
            .init(create: { plugin in
                func register(_ kind: martlet_metric_kind, _ name: String) -> martlet_metric {
                    plugin.host.metric_register(plugin.instance, kind, permanentText(name), permanentText(help))
                }
                #expect(register(MARTLET_METRIC_COUNTER, name) == 0)
                #expect(register(MARTLET_METRIC_GAUGE, name) == MARTLET_ERROR_ARGUMENT)
                #expect(register(MARTLET_METRIC_COUNTER, "no name") == MARTLET_ERROR_ARGUMENT)
                return MARTLET_OK
            }))
        let instance = try laboratory.running(plugin)
        let late = plugin.host.metric_register(
            plugin.instance, MARTLET_METRIC_COUNTER, permanentText("late_total"), permanentText(help))
        #expect(late == MARTLET_ERROR_CLOSED)
        #expect(plugin.host.metric_add(plugin.instance, 0, 3) == MARTLET_OK)
        #expect(plugin.host.metric_add(plugin.instance, 0, -1) == MARTLET_ERROR_ARGUMENT)
        #expect(plugin.host.metric_add(plugin.instance, 1, 1) == MARTLET_ERROR_ARGUMENT)
        #expect(laboratory.registry.all.flatMap(\.samples).map(\.value) == [3])
        #expect(instance.end() == .ended)
    }

    // MARK: Counters

    @Test func countsOnlyItsOwnConnections() throws {
        let laboratory = try Laboratory()
        let instance = try laboratory.running(SwiftPlugin())
        let other = try laboratory.running(SwiftPlugin())
        let peer = try laboratory.connect(to: instance)
        peer.send("hello")
        #expect(peer.receive() == "hello")
        // The peer may receive the bytes before they are counted.
        try waitUntil("what was sent is counted") { instance.counts.bytesSent == 5 }
        let counts = instance.counts
        #expect(counts.open == 1 && counts.accepted == 1 && counts.bytesReceived == 5)
        #expect(counts.loans == 0 && counts.faults == 0 && counts.limits.isEmpty)
        #expect(other.counts == ConnectionCounts())
        peer.close()
        try waitUntil("it is gone") { instance.counts.open == 0 }
        #expect(instance.counts.accepted == 1)
        for instance in [instance, other] { #expect(try laboratory.end(instance) == .ended) }
    }

    @Test func isDrainedWhenTheLastConnectionIsGone() throws {
        let laboratory = try Laboratory(loops: 2)
        let instance = try laboratory.running(SwiftPlugin())
        let peer = try laboratory.connect(to: instance)
        try waitUntil("it is there") { instance.counts.open == 1 }
        let drained = Reply<Bool>()
        instance.retire { drained.set(true) }
        #expect(drained.wait(until: .after(milliseconds: 20)) == nil)
        peer.close()
        #expect(drained.wait(until: .after(milliseconds: 10_000)) == true)
        #expect(try laboratory.end(instance) == .ended)
    }

    /// Another thread opens it.
    private final class Gate: Sendable {
        private let reply = Reply<Bool>()
        func open() { reply.set(true) }
        func wait() { _ = reply.wait() }
    }
}
