import Glibc
import Testing

@testable import LoadGenerator

/// Most of these tests send fewer messages than depth x connections. So all are in flight at once, and the server's end of
/// stream, not a timeout, shows that some did not come back.
@Suite struct EchoLoadTests {
    private static let seed: UInt64 = 7

    private func load(_ server: EchoServerForTests, messages: UInt64, connections: Int = 1) throws -> EchoLoad {
        var load = EchoLoad(
            address: try TargetAddress("127.0.0.1:\(server.port)"), ending: .messages(messages), seed: Self.seed)
        load.connections = connections
        load.messageSize = 100
        load.depth = 16
        return load
    }

    @Test(arguments: [(1, 1, 1), (1, 100, 16), (3, 64, 1), (8, 13, 5), (5, 100_000, 3)])
    func findsNothingWrongWithAnHonestServer(connections: Int, messageSize: Int, depth: Int) throws {
        let server = EchoServerForTests(.honest)
        defer { server.stop() }
        var load = try load(server, messages: 101, connections: connections)
        load.messageSize = messageSize
        load.depth = depth
        let report = try load.run()
        #expect(report.isClean, "\(report)")
        #expect(report.messages == 101)
        #expect(report.bytes == UInt64(101 * messageSize))
        #expect(report.firstFailure == nil)
        #expect(report.latency.p50Microseconds > 0)
        #expect(report.latency.maxMicroseconds >= report.latency.p999Microseconds)
    }

    @Test func worksOverIPv6() throws {
        let server = EchoServerForTests(.honest, ipv6: true)
        defer { server.stop() }
        var load = try load(server, messages: 50, connections: 2)
        load.address = try TargetAddress("[::1]:\(server.port)")
        let report = try load.run()
        #expect(report.isClean && report.messages == 50)
    }

    @Test func worksOverAUnixSocket() throws {
        let path = "/tmp/load-generator-tests-\(getpid()).sock"
        unlink(path)
        defer { unlink(path) }
        let server = EchoServerForTests(.honest, unixPath: path)
        defer { server.stop() }
        var load = try load(server, messages: 50, connections: 2)
        load.address = try TargetAddress("unix:\(path)")
        let report = try load.run()
        #expect(report.isClean && report.messages == 50)
    }

    @Test(arguments: [0, 99, 100, 777, 1599])
    func noticesAnAlteredByte(offset: Int) throws {
        let server = EchoServerForTests(.corruptsByte(at: offset))
        defer { server.stop() }
        let report = try load(server, messages: 16).run()
        #expect(report.mismatches == 1)
        #expect(!report.isClean)
        #expect(report.messages == UInt64(offset / 100))
        #expect(report.bytes == UInt64(offset))
        #expect(report.firstFailure?.hasPrefix("connection 0: byte \(offset): expected ") == true)
    }

    @Test func noticesALostByteByTheByteAfterIt() throws {
        let server = EchoServerForTests(.dropsByte(at: 250))
        defer { server.stop() }
        let report = try load(server, messages: 16).run()
        #expect(report.mismatches == 1)
        #expect(report.bytes == 250)
    }

    @Test func noticesThatTheLastByteIsLost() throws {
        let server = EchoServerForTests(.dropsByte(at: 1599))
        defer { server.stop() }
        let report = try load(server, messages: 16).run()
        #expect(report.truncations == 1)
        #expect(report.missingBytes == 1)
        #expect(report.messages == 15)
        #expect(report.firstFailure == "connection 0: closed by the server, 1 bytes missing")
    }

    @Test func noticesARepeatedByte() throws {
        let server = EchoServerForTests(.repeatsByte(at: 40))
        defer { server.stop() }
        let report = try load(server, messages: 16).run()
        #expect(report.mismatches == 1)
    }

    @Test func noticesASurplusByteAtTheEnd() throws {
        let server = EchoServerForTests(.repeatsByte(at: 1599))
        defer { server.stop() }
        let report = try load(server, messages: 16).run()
        #expect(report.mismatches == 1)
        #expect(report.messages == 16)
        #expect(report.firstFailure == "connection 0: 1 bytes more than were sent")
    }

    @Test func noticesBytesOfAnotherConnection() throws {
        let server = EchoServerForTests(.crossesConnections)
        defer { server.stop() }
        var load = try load(server, messages: 4, connections: 2)
        load.answerTimeout = .milliseconds(200)
        let report = try load.run()
        #expect(report.mismatches >= 1)
    }

    @Test func noticesAReset() throws {
        let server = EchoServerForTests(.resets(after: 0))
        defer { server.stop() }
        let report = try load(server, messages: 48, connections: 3).run()
        #expect(report.resets == 3)
        #expect(report.messages == 0)
        #expect(report.missingBytes == 4800)
    }

    @Test func countsAResetAfterAGoodBeginning() throws {
        let server = EchoServerForTests(.resets(after: 1000))
        defer { server.stop() }
        var load = try load(server, messages: 1_000)
        load.depth = 1
        let report = try load.run()
        #expect(report.resets == 1)
        #expect(report.messages == 10)
        #expect(report.missingBytes == 100)
    }

    @Test func givesUpOnASilentServer() throws {
        let server = EchoServerForTests(.isSilent)
        defer { server.stop() }
        var load = try load(server, messages: 2, connections: 2)
        load.answerTimeout = .milliseconds(20)
        let report = try load.run()
        #expect(report.timeouts == 2)
        #expect(report.missingBytes == 200)
    }

    @Test func noticesThatTheServerDoesNotCloseAfterTheHalfClose() throws {
        let server = EchoServerForTests(.neverCloses)
        defer { server.stop() }
        var load = try load(server, messages: 2)
        load.answerTimeout = .milliseconds(500)
        let report = try load.run()
        #expect(report.timeouts == 1)
        #expect(report.missingBytes == 0)
        #expect(report.messages == 2)
    }

    @Test func endsWhenTheTimeIsUp() throws {
        let server = EchoServerForTests(.honest)
        defer { server.stop() }
        var load = try load(server, messages: 0, connections: 4)
        load.ending = .after(.milliseconds(30))
        let report = try load.run()
        #expect(report.isClean, "\(report)")
        #expect(report.durationSeconds >= 0.03)
        #expect(report.messages > 0)
        #expect(report.bytes == report.messages * 100)
    }

    @Test func endsWhenItIsStopped() throws {
        let server = EchoServerForTests(.honest)
        defer { server.stop() }
        let signal = StopSignal()
        signal.stop()
        var load = try load(server, messages: 0)
        load.ending = .stopped(by: signal)
        #expect(try load.run().isClean)
    }

    @Test func namesAServerThatIsNotThere() throws {
        let address = try TargetAddress("unix:/nowhere/echo.sock")
        let missing = LoadError.system(doing: "connect to unix:/nowhere/echo.sock", code: ENOENT)
        #expect(throws: missing) { try EchoLoad(address: address, ending: .messages(1)).run() }
        #expect(missing.description == "connect to unix:/nowhere/echo.sock: No such file or directory")
    }

    @Test func refusesSettingsThatMakeNoSense() throws {
        var load = EchoLoad(address: try TargetAddress("127.0.0.1:1"), ending: .messages(1))
        load.depth = 0
        #expect(throws: LoadError.invalid(what: "depth", expected: "1 to \(Int32.max)", found: "0")) {
            try load.run()
        }
    }
}
