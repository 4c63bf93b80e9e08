import MartletKitTesting
import Testing

@testable import BinaryPlugin
@testable import BinaryWire

@Suite struct WatchTests {
    @Test(arguments: stores) func tellsOfEveryChangeOfAKey(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store)], loops: 2)
        let (watcher, writer) = (Client(host), Client(host, loop: 1))
        _ = writer.put("a", "before")
        let watch = watcher.watch(.key, "a")
        #expect(watch > 0 && host.metric("watches") == 1)
        var versions: [UInt64] = []
        for value in ["1", "2"] {
            _ = writer.put("a", value)
            versions.append(writer.version("a"))
        }
        _ = writer.put("ab", "other")
        _ = writer.delete("a")
        _ = writer.delete("a")
        _ = writer.write(.put(utf8("a"), [], if: .present))
        host.runWork()
        #expect(
            watcher.replies() == versions.map { .changed(.put, watch: watch, version: $0, key: "a") } + [
                .changed(.deleted, watch: watch, version: 0, key: "a")
            ])
        #expect(writer.replies() == [])
        #expect(host.shutDown() == [])
        #expect(host.metric("watches") == 0)
    }

    @Test(arguments: stores) func tellsOfKeysWithAPrefix(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store)])
        let (watcher, writer) = (Client(host), Client(host))
        let all = watcher.watch(.prefix, "")
        let some = watcher.watch(.prefix, "user:")
        let one = watcher.watch(.key, "user:1")
        #expect(Set([all, some, one]).count == 3)
        for key in ["use", "user:", "user:1", "user:12"] { _ = writer.put(key, "x") }
        host.runWork()
        var seen: [UInt32: [String]] = [:]
        for reply in watcher.replies() {
            guard case .changed(.put, let watch, _, let key) = reply else {
                Issue.record("\(reply)")
                continue
            }
            seen[watch, default: []].append(key)
        }
        #expect(
            seen == [
                all: ["use", "user:", "user:1", "user:12"], some: ["user:", "user:1", "user:12"], one: ["user:1"],
            ])
        #expect(host.shutDown() == [])
    }

    @Test func theAnswerComesBeforeTheNotices() throws {
        let host = try SimulatedHost(Binary.self)
        let client = Client(host)
        let stream =
            client.bytes { try $0.watch(.prefix, []) } + client.bytes { try $0.put(key: [1], value: []) }
            + client.bytes { try $0.watch(.key, [1]) }
        client.connection.send(stream)
        host.runWork()
        let replies = client.replies()
        #expect(replies.count == 4 && replies[1] == .put(created: true))
        guard case .watch(let first) = replies[0], case .watch = replies[2],
            case .changed(.put, first, _, _) = replies[3]
        else {
            Issue.record("\(replies)")
            return
        }
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func watchingTwiceGivesTwoWatches(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store)])
        let (client, other, writer) = (Client(host), Client(host), Client(host))
        let (first, second) = (client.watch(.key, "a"), client.watch(.key, "a"))
        #expect(first != second && [first, second].contains(other.watch(.key, "a")))
        _ = writer.put("a", "1")
        host.runWork()
        #expect(client.replies().count == 2 && other.replies().count == 1)
        #expect(client.unwatch(first) == [.unwatch(existed: true)])
        #expect(client.unwatch(first) == [.unwatch(existed: false)])
        _ = writer.delete("a")
        host.runWork()
        #expect(client.replies() == [.changed(.deleted, watch: second, version: 0, key: "a")])
        #expect(other.replies().count == 1)
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func oneEndsAndTheOthersGoOn(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store)])
        let clients = (0..<3).map { _ in Client(host) }
        for client in clients { _ = client.watch(.prefix, "a") }
        clients[0].connection.reset()
        clients[1].connection.finishSending()
        #expect(host.metric("watches") == 1)
        _ = Client(host).put("a", "1")
        host.runWork()
        #expect(clients[2].replies().count == 1)
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func tellsThatKeysExpire(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store), "heartbeat_interval": "0s"])
        let client = Client(host)
        let watch = client.watch(.prefix, "")
        // The answer, and the notice of the put.
        #expect(client.write(.put(utf8("a"), [], timeToLiveMilliseconds: 700)).count == 2)
        // Nobody asks for the key.
        for _ in 0..<4 {
            host.advance(by: .milliseconds(500))
            host.runWork()
        }
        #expect(client.replies() == [.changed(.expired, watch: watch, version: 0, key: "a")])
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func tellsOfABatchInItsOrder(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store)])
        let (client, writer) = (Client(host), Client(host))
        _ = client.watch(.prefix, "")
        _ = writer.batch(.put(utf8("a"), []), .put(utf8("x"), [], if: .present))
        _ = writer.batch(.put(utf8("a"), []), .put(utf8("b"), []), .delete(utf8("a")))
        host.runWork()
        let kinds = client.replies().map { reply in
            if case .changed(let kind, _, _, let key) = reply { "\(kind) \(key)" } else { "\(reply)" }
        }
        #expect(kinds == ["put a", "put b", "deleted a"])
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func limitsTheWatchesOfAConnection(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store)])
        let (client, other) = (Client(host), Client(host))
        let watches = (0..<1_000).map { client.watch(.key, "\($0)") }
        #expect(Set(watches).count == 1_000 && !watches.contains(0))
        guard case .failed(.busy, _) = client.ask({ try $0.watch(.key, [1]) }).first else {
            Issue.record("took a watch too many")
            return
        }
        #expect(other.watch(.key, "1") > 0 && client.unwatch(watches[7]) == [.unwatch(existed: true)])
        #expect(client.watch(.key, "again") > 0)
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func aClientThatDoesNotReadIsClosedAndDelaysNobody(store: String) throws {
        let host = try SimulatedHost(
            Binary.self, limits: HostLimits(outputHighWater: 2_000, outputLowWater: 500))
        let (slow, quick) = (Client(host, readsAtOnce: false, greets: false), Client(host))
        slow.connection.send(slow.bytes { try $0.hello() } + slow.bytes { try $0.watch(.prefix, []) })
        slow.connection.read()
        #expect(quick.watch(.prefix, "") > 0)
        for number in 0..<100 {
            #expect(quick.put("\(number)", "x").first == .put(created: true))
            host.runWork()
            #expect(quick.replies().count <= 1)
        }
        #expect(!slow.connection.isOpen && host.metric("watches") == 1)
        #expect(host.shutDown() == [])
    }

    /// The host takes no message that is larger than its limit of output.
    @Test func tellsThatANoticeIsLost() throws {
        let host = try SimulatedHost(
            Binary.self, options: ["heartbeat_interval": "0s"],
            limits: HostLimits(outputHighWater: 300, outputLowWater: 100))
        let (client, writer) = (Client(host), Client(host))
        let (all, other) = (client.watch(.prefix, ""), client.watch(.prefix, "b"))
        #expect(writer.put(String(repeating: "a", count: 400), "x") == [.put(created: true)])
        #expect(writer.put("b", "x") == [.put(created: true)])
        host.advance(by: .milliseconds(500))
        host.runWork()
        let replies = client.replies()
        let kinds = replies.map { reply in
            if case .changed(let kind, let watch, _, let key) = reply { "\(kind) \(watch) \(key)" } else { "\(reply)" }
        }
        #expect(Set(kinds) == ["put \(all) b", "put \(other) b", "lost \(all) "] && kinds.last == "lost \(all) ")
        // It says so once.
        host.advance(by: .seconds(5))
        host.runWork()
        #expect(client.replies() == [])
        #expect(host.shutDown() == [])
    }

    @Test func clearingTellsOfEachKey() throws {
        let host = try SimulatedHost(Binary.self)
        let client = Client(host)
        for key in ["a", "b"] { _ = client.put(key, "x") }
        let watch = client.watch(.key, "b")
        #expect(try host.call("clear", "") == ["2"])
        host.runWork()
        #expect(client.replies() == [.changed(.deleted, watch: watch, version: 0, key: "b")])
        #expect(host.shutDown() == [])
    }
}

@Suite struct WatchTableTests {
    private let subject = WatchSubject(kind: .prefix, name: [1])

    @Test func skipsNumbersThatAreTaken() {
        var table = WatchTable(lastNumber: .max - 1)
        #expect(table.restore(ConnectionWatch(number: 1, subject: subject)) == true)
        #expect(table.begin(WatchSubject(kind: .key, name: [1]), besides: []) == .max)
        #expect(table.begin(WatchSubject(kind: .key, name: [2]), besides: []) == 2)
    }

    @Test func restoresANumberOnlyForItsSubject() {
        var table = WatchTable()
        let watch = ConnectionWatch(number: 5, subject: subject)
        #expect(table.restore(watch) && table.restore(watch))
        #expect(table.restore(ConnectionWatch(number: 5, subject: WatchSubject(kind: .key, name: [1]))) == false)
        #expect(table.begin(subject, besides: []) == 5 && table.begin(subject, besides: [watch]) == 1)
        for _ in 0..<3 { table.end(watch) }
        #expect(!table.contains(5) && table.contains(1) && !table.isEmpty)
        table.end(watch)
        table.end(ConnectionWatch(number: 1, subject: subject))
        #expect(table.isEmpty && [1, 2].withUnsafeBytes { table.numbers(for: $0) } == [])
    }
}
