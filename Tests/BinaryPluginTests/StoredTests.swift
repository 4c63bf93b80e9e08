import MartletKitTesting
import Testing

@testable import BinaryPlugin
@testable import BinaryWire

/// What is different with keys in a database.
@Suite struct StoredTests {
    private func host(loops: Int = 1) throws -> SimulatedHost {
        try SimulatedHost(Binary.self, options: ["store": "main", "heartbeat_interval": "1s"], loops: loops)
    }

    @Test(arguments: OpcodeTests.splits)
    func answersAPipelineWhateverItsOrder(_ split: InputSplit) throws {
        let host = try host()
        let client = Client(host)
        client.split = split
        var bytes: [UInt8] = []
        for number in 0..<5 {
            bytes += client.bytes { try $0.put(key: utf8("k\(number)"), value: utf8("v")) }
            bytes += client.bytes { try $0.get(key: utf8("k\(number)")) }
            bytes += client.bytes { try $0.echo(utf8("x")) }
            bytes += client.bytes { try $0.delete(key: utf8("k\(number)")) }
        }
        let replies = client.send(bytes)
        #expect(replies.count == 20)
        #expect(replies.count { $0 == .put(created: true) } == 5)
        #expect(
            replies.count { $0 == .value(utf8("v")) } == 5, "a get sees the put before it, and not the delete after it")
        #expect(replies.count { $0 == .delete(existed: true) } == 5)
        #expect(host.shutDown() == [])
    }

    /// One transaction reads about 1 MiB; what comes after it waits until that is sent.
    @Test func manyLargeValuesAreAnsweredInPieces() throws {
        let host = try host()
        let writer = Client(host)
        let value = [UInt8](repeating: 7, count: 400_000)
        for number in 0..<3 {
            #expect(writer.ask { try $0.put(key: utf8("k\(number)"), value: value) } == [.put(created: true)])
        }
        let client = Client(host, readsAtOnce: false)
        var bytes: [UInt8] = []
        for number in 0..<30 { bytes += client.bytes { try $0.get(key: utf8("k\(number % 3)")) } }
        client.connection.send(bytes)
        var replies: [Reply] = []
        for _ in 0..<200 {
            client.connection.read(upTo: 300_000)
            replies += client.replies()
        }
        #expect(replies.count { $0 == .value(value) } == 30)
        #expect(host.shutDown() == [])
    }

    @Test func removesExpiredKeysThatNobodyAsksFor() throws {
        let host = try host(loops: 2)
        let client = Client(host)
        for number in 0..<100 {
            _ = client.write(.put(utf8("\(number)"), [], timeToLiveMilliseconds: number % 2 == 0 ? 1_000 : 0))
        }
        for _ in 0..<5 {
            host.advance(by: .milliseconds(500))
            host.runWork()
        }
        #expect(host.metric("expired_keys_total") == 50)
        guard
            case .scan(let entries, false) = client.scan().first(where: { if case .scan = $0 { true } else { false } })
        else {
            Issue.record("no answer")
            return
        }
        #expect(entries.count == 50)
        #expect(host.shutDown() == [])
    }

    @Test func keysStayWhereTheyAreInASwap() throws {
        let host = try host()
        let client = Client(host)
        #expect(client.put("a", "1") == [.put(created: true)])
        let next = try host.nextGeneration(Binary.self, options: ["store": "main"])
        #expect(host.swap(to: next) == [.moved])
        #expect(client.get("a") == [.value(utf8("1"))])
        #expect(host.shutDown() == [])
        #expect(next.shutDown() == [])
    }

    @Test func requestsThatWaitAreAnsweredBeforeTheEnd() throws {
        let host = try host()
        let client = Client(host)
        client.connection.send(client.bytes { try $0.put(key: utf8("a"), value: []) })
        client.connection.finishSending()
        #expect(client.replies() == [.put(created: true)])
        #expect(client.connection.end != nil)
        #expect(host.shutDown() == [])
    }

    @Test func operationsSayWhereTheKeysAre() throws {
        let host = try host()
        let error = #expect(throws: (any Error).self) { try host.call("count", "") }
        #expect("\(error as Any)".contains("the keys are in a database"), "\(error as Any)")
        #expect(host.shutDown() == [])
    }
}
