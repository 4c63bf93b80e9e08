import CMartlet
import Engine
import Glibc
import PluginABI
import Simulation
import Testing

@testable import Instances
@testable import PluginHost

/// The probe, tests on the simulated host, and the log of a server report a broken rule in the same words.
@Suite struct FaultTextTests {
    struct Misdeed: Sendable, CustomTestStringConvertible {
        let rule: String
        let text: String
        var hasConnection = true
        let received: @Sendable (SwiftPlugin, SwiftPlugin.Connection?, UnsafeBufferPointer<UInt8>) -> Int

        var testDescription: String { rule }
    }

    static let all = [
        Misdeed(rule: "consumed", text: "consumed 7 of 4 bytes") { _, _, bytes in bytes.count + 3 },
        Misdeed(rule: "committed", text: "committed 5 bytes of 4 reserved") { plugin, connection, bytes in
            _ = plugin.host.reserve(connection, 4)
            #expect(plugin.host.commit(connection, 5) == MARTLET_ERROR_ARGUMENT)
            return bytes.count
        },
        Misdeed(rule: "committed", text: "committed 1 bytes of 0 reserved") { plugin, connection, bytes in
            #expect(plugin.host.commit(connection, 1) == MARTLET_ERROR_ARGUMENT)
            return bytes.count
        },
        Misdeed(rule: "committed", text: "committed 4 bytes of 0 reserved") { plugin, connection, bytes in
            _ = plugin.host.reserve(connection, 4)
            // The reservation ends here.
            _ = plugin.host.write(connection, bytes.baseAddress, 1)
            #expect(plugin.host.commit(connection, 4) == MARTLET_ERROR_ARGUMENT)
            return bytes.count
        },
        Misdeed(rule: "wroteAfterClose", text: "wrote to a connection that it had closed") {
            plugin, connection, bytes in
            #expect(plugin.host.close(connection) == MARTLET_OK)
            #expect(plugin.host.write(connection, bytes.baseAddress, 1) == MARTLET_ERROR_CLOSED)
            return bytes.count
        },
        Misdeed(rule: "outsideCallback", text: "pause outside a callback of the connection") {
            plugin, connection, bytes in
            // A delivery for no connection has none to call for.
            _ = plugin.host.post(
                plugin.instance, 0,
                { env, context, _, _ in
                    #expect(env!.pointee.host.pointee.pause(OpaquePointer(context!)) == MARTLET_ERROR_CLOSED)
                }, UnsafeMutableRawPointer(connection))
            return bytes.count
        },
        Misdeed(rule: "fileTooShort", text: "a file sent with send_file is shorter than was said") {
            plugin, connection, bytes in
            let file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
            _ = plugin.host.send_file(
                connection, file, UInt64(lseek(file, 0, SEEK_END)), 1, { close(Int32(Int(bitPattern: $0))) },
                UnsafeMutableRawPointer(bitPattern: Int(file)))
            return bytes.count
        },
        Misdeed(rule: "outsideCreate", text: "metric_register outside create", hasConnection: false) {
            plugin, _, bytes in
            let name = permanentText("late_total")
            #expect(
                plugin.host.metric_register(plugin.instance, MARTLET_METRIC_COUNTER, name, name)
                    == MARTLET_ERROR_CLOSED)
            return bytes.count
        },
        Misdeed(rule: "outsideCreate", text: "declare outside create", hasConnection: false) { plugin, _, bytes in
            var description = martlet_metric_description()
            description.size = UInt32(MemoryLayout<martlet_metric_description>.size)
            (description.kind, description.name) = (MARTLET_METRIC_COUNTER, permanentText("late_total"))
            #expect(plugin.metrics.declare(plugin.instance, &description) == MARTLET_ERROR_CLOSED)
            return bytes.count
        },
        Misdeed(
            rule: "metricSeries",
            text: "a series of no metric with labels, or with too few or too many values: 7", hasConnection: false
        ) { plugin, _, bytes in
            var value = permanentText("x")
            #expect(plugin.metrics.series(plugin.instance, 7, &value, 1) == MARTLET_ERROR_ARGUMENT)
            return bytes.count
        },
        Misdeed(
            rule: "metricUpdate", text: "a metric update that its kind does not allow, or of no metric: 65536",
            hasConnection: false
        ) { plugin, _, bytes in
            #expect(plugin.metrics.observe(plugin.instance, 1 << 16, 1) == MARTLET_ERROR_ARGUMENT)
            return bytes.count
        },
        Misdeed(
            rule: "metricUpdate", text: "a metric update that its kind does not allow, or of no metric: 7",
            hasConnection: false
        ) { plugin, _, bytes in
            #expect(plugin.host.metric_add(plugin.instance, 7, 1) == MARTLET_ERROR_ARGUMENT)
            return bytes.count
        },
    ]

    /// Every rule that the engine detects must be in the list above.
    private func rule(_ fault: Fault) -> String {
        switch fault {
        case .consumed: "consumed"
        case .committed: "committed"
        case .wroteAfterClose: "wroteAfterClose"
        case .outsideCallback: "outsideCallback"
        case .fileTooShort: "fileTooShort"
        case .outsideCreate: "outsideCreate"
        case .metricUpdate: "metricUpdate"
        case .metricSeries: "metricSeries"
        // These two need a plugin that moves its sessions, and one whose `create` misbehaves: SimulationTests.
        case .insideMove: "insideMove"
        case .refusedAndCreated: "refusedAndCreated"
        }
    }

    @Test(arguments: all) func theEngineAndTheSimulationReportTheSame(_ misdeed: Misdeed) throws {
        let plugin = SwiftPlugin(.init(received: misdeed.received))
        let simulation = try Simulation()
        let laboratory = try Laboratory()
        let simulated = try SimulatedHost(
            PluginImage(DescriptorReader(SwiftPlugin.descriptor)), options: plugin.options,
            settings: Laboratory.settings(), on: SimulatedListener("simulated", in: simulation), in: simulation)
        simulated.connect()?.send(Array("four".utf8))
        simulated.shutDown()
        #expect(
            simulated.problems.map(\.description) == [(misdeed.hasConnection ? "connection 1: " : "") + misdeed.text])
        simulation.end()

        let instance = try laboratory.running(plugin)
        let peer = try laboratory.connect(to: instance)
        peer.send("four")
        var reports: [FaultMonitor.Report] = []
        try waitUntil("the engine reports it") {
            reports += instance.ledger.faults.takeNews().reports
            return !reports.isEmpty
        }
        #expect(reports.map(\.fault.text) == [misdeed.text])
        #expect(reports.map { rule($0.fault) } == [misdeed.rule])
        peer.close()
        #expect(try laboratory.end(instance) == .ended)
    }
}
