import MartletKit
import MartletKitTesting
import Testing

@Suite struct FlowTests {
    @Test func presentsUnconsumedInputAgainWithNewInput() throws {
        let host = try SimulatedHost(Scripted.self)
        let connection = host.connect()
        connection.send("eehee", split: .everyByte)
        #expect(connection.takeOutput() == Array("ee".utf8))
        #expect(connection.unconsumedInput == 3)
        #expect(host.shutDown() == [])
    }

    @Test func stopsPresentingAboveTheHighWaterMark() throws {
        let host = try SimulatedHost(Scripted.self, limits: HostLimits(outputHighWater: 10, outputLowWater: 4))
        let connection = host.connect(readsAtOnce: false)
        connection.send(String(repeating: "e", count: 25), split: .pieces(of: 20))
        #expect(connection.waitingOutput == 10)
        #expect(connection.unconsumedInput == 15)
        connection.read(upTo: 5)
        #expect(connection.waitingOutput == 5)
        #expect(host.logs.isEmpty)
        connection.read(upTo: 1)
        #expect(host.logs.map(\.message) == ["writable"])
        #expect(connection.waitingOutput == 10)
        connection.readsAtOnce = true
        #expect(connection.output.count == 25)
        #expect(host.shutDown() == [])
    }

    @Test func pausesAndResumes() throws {
        let host = try SimulatedHost(Scripted.self)
        let connection = host.connect()
        connection.send("tp")
        connection.send("e")
        #expect(connection.isPaused)
        #expect(connection.unconsumedInput == 1)
        #expect(connection.timer == .milliseconds(5))
        host.advance(by: .milliseconds(4))
        #expect(connection.output == [])
        host.advance(by: .milliseconds(1))
        #expect(connection.takeOutput() == Array("Te".utf8))
        #expect(connection.timer == nil)
        #expect(host.shutDown() == [])
    }

    @Test func reportsTheHalfCloseAfterTheInput() throws {
        let host = try SimulatedHost(Scripted.self)
        let connection = host.connect()
        connection.send("tpe")
        connection.send("e")
        connection.finishSending()
        #expect(connection.isOpen)
        host.advance(by: .milliseconds(5))
        #expect(connection.takeOutput() == Array("eTebye".utf8))
        #expect(connection.end == .closed(.peer))
        #expect(host.shutDown() == [])
    }

    @Test func runsWorkWhenTheTestAsks() throws {
        let host = try SimulatedHost(Scripted.self, limits: HostLimits(workQueue: 2))
        let connection = host.connect()
        connection.send("jjjP")
        #expect(host.logs.map(\.message) == ["submit 0", "submit 0", "submit -4"])
        #expect(host.waitingWork == 3)
        #expect(connection.output == [])
        #expect(host.runWork() == 3)
        #expect(connection.takeOutput() == Array("j42j42posted".utf8))
        connection.send("j")
        connection.reset()
        host.runWork()
        #expect(host.logs.last?.message == "j gone")
        connection.send("j")
        #expect(host.shutDown() == [])
    }

    @Test func handsAConnectionOverToAnotherListener() throws {
        let host = try SimulatedHost(Scripted.self)
        let connection = host.connect()
        connection.send("e0He")
        #expect(connection.end == .handedOver(to: "other"))
        #expect(connection.output == Array("e".utf8))
        #expect(host.logs.map(\.message) == ["hand over -2", "hand over 0", "closed 17 -1"])
        #expect(host.shutDown() == [])
    }

    @Test func presentsWantedInputAtOnce() throws {
        let host = try SimulatedHost(Scripted.self)
        let connection = host.connect()
        connection.send("Ww")
        #expect(host.logs.map(\.message) == ["want -2", "want 0"])
        connection.send("eee", split: .everyByte)
        #expect(connection.output == [] && connection.wantedInput == 4)
        connection.send("ee")
        #expect(connection.takeOutput() == Array("eeeee".utf8), "at once")
        connection.send("w")
        connection.send("e")
        connection.finishSending()
        #expect(connection.takeOutput() == Array("ebye".utf8), "the input has ended")
        #expect(host.shutDown() == [])
    }

    @Test func advancesBothClocks() throws {
        let host = try SimulatedHost(Scripted.self)
        let connection = host.connect()
        host.advance(by: .milliseconds(2_500))
        #expect(host.elapsed == .milliseconds(2_500))
        connection.send("n")
        #expect(connection.takeOutput() == Array("1002500000000 1700000002".utf8))
    }

    @Test func recordsRequestsAndCloseReasons() throws {
        let host = try SimulatedHost(Scripted.self)
        let connection = host.connect()
        connection.send("r")
        let request = try #require(host.requests.first)
        #expect(request.method == "R" && request.target == Array("target".utf8))
        #expect(request.status == 7 && request.bytes == 9 && request.failed && request.connection == 1)
        connection.cut(.idleTimeout)
        #expect(connection.end == .closed(.idleTimeout))
        #expect(host.logs.last?.message == "closed 4 -1")
    }
}
