import MartletKitTesting
import Testing

@testable import BinaryPlugin
@testable import BinaryWire
@testable import KeyValueStore

/// Versions, conditions, expiry and batches.
@Suite struct WriteTests {
    @Test(arguments: OpcodeTests.splits, stores)
    func readsAndWrites(_ split: InputSplit, store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store)])
        let client = Client(host)
        client.split = split
        #expect(client.read("a") == [.read(nil, version: 0, timeToLive: 0)])
        guard case .write(let put) = client.write(.put(utf8("a"), utf8("1"), if: .absent)).first else {
            Issue.record("not written")
            return
        }
        #expect(put.isDone && !put.existed && put.version > 0)
        #expect(client.read("a") == [.read(utf8("1"), version: put.version, timeToLive: 0)])
        let notMet = WriteAnswer(isDone: false, existed: true, version: put.version)
        #expect(client.write(.put(utf8("a"), utf8("2"), if: .absent)) == [.write(notMet)])
        #expect(client.write(.delete(utf8("a"), if: .version(put.version + 1))) == [.write(notMet)])
        #expect(client.get("a") == [.value(utf8("1"))])
        #expect(client.put("a", "") == [.put(created: false)])
        let version = client.version("a")
        #expect(store == "main" ? version > put.version : version == put.version + 1)
        #expect(client.read("a") == [.read([], version: version, timeToLive: 0)])
        #expect(
            client.write(.delete(utf8("a"), if: .version(version)))
                == [.write(WriteAnswer(isDone: true, existed: true, version: 0))])
        #expect(
            client.write(.delete(utf8("a"))) == [.write(WriteAnswer(isDone: true, existed: false, version: 0))])
        #expect(
            client.write(.put(utf8("a"), [], if: .present))
                == [.write(WriteAnswer(isDone: false, existed: false, version: 0))])
        #expect(host.requests.map(\.method).contains("write") && host.metric("store_keys") == 0)
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func keysExpire(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store)])
        let client = Client(host)
        for key in ["a", "b", "c"] { _ = client.write(.put(utf8(key), utf8("1"), timeToLiveMilliseconds: 10_000)) }
        let version = client.version("a")
        #expect(client.read("a") == [.read(utf8("1"), version: version, timeToLive: 10_000)])
        host.advance(by: .milliseconds(4_000))
        #expect(client.read("a") == [.read(utf8("1"), version: version, timeToLive: 6_000)])
        // A plain put removes the expiry.
        #expect(client.put("b", "2") == [.put(created: false)])
        host.advance(by: .milliseconds(5_999))
        #expect(client.read("a") == [.read(utf8("1"), version: version, timeToLive: 1)])
        host.advance(by: .milliseconds(1))
        #expect(client.read("a") == [.read(nil, version: 0, timeToLive: 0)])
        #expect(client.get("a") == [.value(nil)] && client.get("b") == [.value(utf8("2"))])
        #expect(client.scan() == [.scan([Reply.Entry(key: "b", value: "2")], more: false)])
        #expect(client.delete("c") == [.delete(existed: false)])
        #expect(host.shutDown() == [])
    }

    @Test func removesExpiredKeysThatNobodyAsksFor() throws {
        let host = try SimulatedHost(Binary.self, loops: 2)
        let client = Client(host)
        for number in 0..<100 {
            _ = client.write(.put(utf8("\(number)"), [], timeToLiveMilliseconds: number % 2 == 0 ? 1_000 : 0))
        }
        #expect(host.metric("store_keys") == 100)
        host.advance(by: .milliseconds(999))
        #expect(host.metric("store_keys") == 100 && host.metric("expired_keys_total") == 0)
        host.advance(by: .milliseconds(1_500))
        #expect(host.metric("store_keys") == 50 && host.metric("expired_keys_total") == 50)
        #expect(try host.call("count", "") == ["50"])
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func aBatchIsAllOrNothing(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store)])
        let client = Client(host)
        _ = client.put("a", "1")
        let version = client.version("a")
        #expect(
            client.batch(.put(utf8("b"), utf8("2")), .put(utf8("a"), [], if: .version(version + 9)))
                == [.batchNotMet(index: 1, version: version)])
        #expect(client.get("b") == [.value(nil)])
        guard
            case .batch(let versions) = client.batch(
                .put(utf8("a"), utf8("3"), if: .version(version)), .put(utf8("b"), utf8("2"), if: .absent),
                .delete(utf8("a"), if: .present), .put(utf8("a"), utf8("4"), timeToLiveMilliseconds: 5_000)
            ).first
        else {
            Issue.record("not done")
            return
        }
        #expect(versions.map { $0 > version } == [true, true, false, true] && versions[2] == 0)
        #expect(client.read("a") == [.read(utf8("4"), version: versions[3], timeToLive: 5_000)])
        #expect(client.read("b") == [.read(utf8("2"), version: versions[1], timeToLive: 0)])
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func takesTheLargestBatch(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store)])
        let client = Client(host)
        let writes = (0..<1_000).map { Write.put(utf8("key \($0)"), [UInt8](repeating: 1, count: $0)) }
        guard case .batch(let versions) = client.ask({ try $0.batch(writes) }).first else {
            Issue.record("not done")
            return
        }
        #expect(versions.count == 1_000 && versions == versions.sorted())
        #expect(host.metric("store_keys") == (store == "memory" ? 1_000 : 0))
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func refusesWhatIsTooLargeAndChangesNothing(store: String) throws {
        let each = 1 + 100 + Record.overheadBytes + 8
        let host = try SimulatedHost(
            Binary.self,
            options: .table([("max_store_bytes", .integer(Int64(each * 2))), ("max_value", .integer(101))]))
        let client = Client(host)
        let value = [UInt8](repeating: 1, count: 100)
        func code(_ replies: [Reply]) -> ErrorCode? {
            if case .failed(let code, _) = replies.first { code } else { nil }
        }
        #expect(code(client.write(.put([1], value + [1, 2]))) == .valueTooLarge)
        #expect(code(client.batch(.put([1], value), .put([2], value + [1, 2]))) == .valueTooLarge)
        #expect(code(client.batch(.put([1], value), .put([2], value), .put([3], []))) == .storeFull)
        #expect(client.scan() == [.scan([], more: false)] && host.metric("store_bytes") == 0)
        #expect(code(client.batch(.put([1], value), .put([2], value))) == nil)
        #expect(code(client.write(.put([3], []))) == .storeFull)
        #expect(code(client.write(.put([1], value + [1]))) == .storeFull)
        #expect(host.metric("store_bytes") == Int64(each * 2))
        #expect(host.shutDown() == [])
    }

    /// Both answers of 24 + 4,072 bytes fit, and one byte more does not.
    @Test(arguments: stores) func answersOnlyWhatTheClientAccepts(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store)])
        let (client, small) = (Client(host), Client(host, maximumPayload: 4_096))
        let value = [UInt8](repeating: 1, count: 4_072)
        _ = client.write(.put(utf8("fits"), value))
        _ = client.write(.put(utf8("large"), value + [1]))
        guard case .read(value, _, _) = small.read("fits").first,
            case .failed(.answerTooLarge, _) = small.read("large").first
        else {
            Issue.record("the limit is off by one")
            return
        }
        #expect(host.shutDown() == [])
    }
}
