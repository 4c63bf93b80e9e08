import MartletKit
import MartletKitTesting
import Testing

@Suite struct ContractTests {
    private func host(limits: HostLimits = HostLimits()) throws -> SimulatedHost {
        try SimulatedHost(Scripted.self, limits: limits)
    }

    @Test(arguments: [
        ("X", "connection 1: consumed 2 of 1 bytes"), ("C", "connection 1: committed 5 bytes of 4 reserved"),
        ("D", "connection 1: committed 4 bytes of 0 reserved"),
    ])
    func abortsAConnectionWhosePluginBreaksARule(_ command: String, _ problem: String) throws {
        let host = try host()
        let connection = host.connect()
        connection.send(command)
        #expect(connection.end == .reset(.fault))
        #expect(host.shutDown() == [problem])
    }

    @Test func detectsWritesBeyondAReservation() throws {
        let host = try host()
        host.connect().send("F")
        #expect(host.shutDown() == ["connection 1: wrote behind the memory that it reserved"])
    }

    @Test func detectsChangedLentMemory() throws {
        let host = try host()
        let connection = host.connect(readsAtOnce: false)
        connection.send("M")
        connection.read()
        #expect(host.shutDown() == ["connection 1: memory lent with write_shared changed before its release"])
    }

    @Test func detectsCallsOutsideOfCallbacks() throws {
        let host = try host()
        let first = host.connect()
        let second = host.connect()
        first.send("ku")
        #expect(first.takeOutput() == Array("u".utf8))
        second.send("u")
        first.reset()
        second.send("u")
        #expect(first.output == [])
        #expect(
            host.shutDown() == Array(repeating: "connection 1: write outside a callback of the connection", count: 2))
    }

    @Test func closesARefusedPeer() throws {
        let host = try host()
        host.connect().send("R")
        let refused = host.connect()
        #expect(refused.end == .refused)
        refused.send("e")
        #expect(refused.output == [])
        #expect(host.openConnections.count == 1)
        #expect(host.shutDown() == [])
    }

    @Test func detectsADecreasingCounter() throws {
        let host = try host()
        host.connect().send("m-")
        #expect(host.metric("things_total") == 2)
        #expect(host.shutDown().count == 1)
    }

    @Test func abortsWhenThePluginReportsAnError() throws {
        for (command, reason) in [("N", CloseReason.peerError), ("E", .failed), ("a", .plugin), ("B", .peerError)] {
            let host = try host()
            let connection = host.connect()
            connection.send("e" + command)
            #expect(connection.end == .reset(reason))
            #expect(connection.output == [])
            #expect(host.shutDown() == [])
        }
    }

    @Test func closesAtTheEndOfTheCallbackAndRefusesMoreOutput() throws {
        let host = try host()
        let connection = host.connect(readsAtOnce: false)
        connection.send("ece")
        #expect(connection.isOpen)
        connection.read(upTo: 1)
        #expect(connection.isOpen)
        connection.read(upTo: 1)
        #expect(connection.takeOutput() == Array("ec".utf8))
        #expect(connection.end == .closed(.plugin))
        #expect(host.logs.map(\.message) == ["after close -1", "closed 1 -1"])
        connection.send("e")
        #expect(connection.output == [])
        let problem = "connection 1: wrote to a connection that it had closed"
        #expect(host.shutDown() == [problem, problem], "in the callback that closed it, not in closed")
    }

    @Test func releasesLentMemoryExactlyOnce() throws {
        // A second release would be a double free.
        let host = try host()
        let read = host.connect()
        read.send("eSe")
        #expect(read.takeOutput() == Array("eabce".utf8))
        let lost = host.connect(readsAtOnce: false)
        lost.send("SS")
        lost.reset()
        let closing = host.connect(readsAtOnce: false)
        closing.send("cS")
        let problem = "connection 3: wrote to a connection that it had closed"
        #expect(host.shutDown() == [problem, problem])
    }
}
