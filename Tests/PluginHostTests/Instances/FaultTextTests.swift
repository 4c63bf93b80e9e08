import CMartlet
import Engine
import PluginSimulation
import Testing

@testable import Instances
@testable import PluginHost

/// The probe, tests on the simulated host, and the log of a server report a broken rule in the same words.
@Suite struct FaultTextTests {
    struct Misdeed: Sendable, CustomTestStringConvertible {
        let rule: String
        let text: String
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
    ]

    /// Every rule that the engine detects must be in the list above.
    private func rule(_ fault: Fault) -> String {
        switch fault {
        case .consumed: "consumed"
        case .committed: "committed"
        case .wroteAfterClose: "wroteAfterClose"
        }
    }

    @Test(arguments: all) func theEngineAndTheSimulationReportTheSame(_ misdeed: Misdeed) throws {
        let plugin = SwiftPlugin(.init(received: misdeed.received))
        let simulated = try SimulatedHost(descriptor: SwiftPlugin.descriptor, options: plugin.literal)
        let connection = simulated.connect()
        connection.send(Array("four".utf8))
        #expect(simulated.shutDown() == ["connection 1: " + misdeed.text])

        let laboratory = try Laboratory()
        let instance = try laboratory.running(plugin)
        let peer = try laboratory.connect(to: instance)
        peer.send("four")
        try waitUntil("the engine counts it") { instance.counts.faults == 1 }
        let reports = instance.ledger.faults.takeNews().reports
        #expect(reports.map(\.fault.text) == [misdeed.text])
        #expect(reports.map { rule($0.fault) } == [misdeed.rule])
        #expect(reports.map(\.callback) == [.received])
        peer.close()
        #expect(try laboratory.end(instance) == .ended)
    }
}
