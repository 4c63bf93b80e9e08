import MartletKitTesting
import Testing

@testable import RESPPlugin

@Suite struct SessionTests {
    @Test(arguments: [InputSplit.whole, .everyByte, .pieces(of: 3), .random(seed: 7)], stores)
    func answersPipelinedCommandsInOrder(split: InputSplit, store: String) throws {
        let host = try SimulatedHost(RESP.self, options: ["store": .text(store)])
        let client = Client(host)
        client.split = split
        let commands = ["SET a 1", "INCR a", "GET a", "PING", "GET nothing", "ECHO x"]
        let text = commands.map { Client.framed($0.split(separator: " ").map(String.init)) }.joined()
        #expect(
            client.raw(text + "ping\r\nset 'a b' \"x\\ty\"\r\nget 'a b'\r\n\r\n*0\r\n")
                == "+OK|:2|$1|2|+PONG|$-1|$1|x|+PONG|+OK|$3|x\ty|")
        #expect(host.metric("commands_total") == 9)
        #expect(host.shutDown() == [])
    }

    @Test(arguments: [
        ("*1\r\n:1\r\n", "expected '$', got ':'"), ("*x\r\n", "invalid multibulk length"),
        ("*2\r\n$99999999999\r\n", "invalid bulk length"), ("get \"x\r\n", "unbalanced quotes in request"),
        ("*1048577\r\n", "invalid multibulk length"),
    ])
    func refusesBrokenStreams(text: String, error: String) throws {
        let host = try SimulatedHost(RESP.self)
        let client = Client(host)
        #expect(client.raw("PING\r\n" + text + "PING\r\n") == "+PONG|-ERR Protocol error: \(error)|")
        #expect(client.connection.end == .closed(.plugin))
        #expect(host.metric("protocol_errors_total") == 1)
        #expect(host.shutDown() == [])
    }

    /// A command that the host cannot keep would be waited for for ever.
    @Test func refusesACommandLargerThanTheInput() throws {
        let host = try SimulatedHost(RESP.self, limits: HostLimits(maximumInput: 4_096))
        let client = Client(host)
        #expect(client.raw("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5000\r\nxx") == "-ERR Protocol error: invalid bulk length|")
        #expect(client.connection.end == .closed(.plugin))
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func keysExpire(store: String) throws {
        let host = try SimulatedHost(RESP.self, options: ["store": .text(store)])
        let client = Client(host)
        _ = client("SET a 1 PX 1500")
        host.advance(by: .milliseconds(1_499))
        #expect(client("GET a") == "$1|1|")
        #expect(client("PTTL a") == ":1|")
        host.advance(by: .milliseconds(1))
        #expect(client("GET a") == "$-1|")
        for number in 0..<5_000 { _ = client("SET key\(number) 1 PX 200") }
        #expect(client("DBSIZE") == ":5000|")
        // Nobody asks for them.
        for _ in 0..<10 {
            host.advance(by: .milliseconds(500))
            host.runWork()
        }
        #expect(client("DBSIZE") == ":0|")
        // In memory, the GET has removed the first key.
        #expect(host.metric("expired_keys_total") == (store == "memory" ? 5_000 : 5_001))
        #expect(host.metric("store_bytes") == 0)
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func aWatchedKeyFailsTheTransactionOfAnother(store: String) throws {
        let host = try SimulatedHost(RESP.self, options: ["store": .text(store)], loops: 2)
        let (one, other) = (Client(host), Client(host, loop: 1))
        #expect(one("SET a 1 PX 100") == "+OK|")
        #expect(one("WATCH a") == "+OK|")
        #expect(one("MULTI") == "+OK|")
        #expect(one("INCR a") == "+QUEUED|")
        #expect(other("SET a 5") == "+OK|")
        #expect(one("EXEC") == "*-1|")
        #expect(other("GET a") == "$1|5|")
        // A key that expires has changed.
        #expect(one("SET a 1 PX 100") == "+OK|")
        #expect(one("WATCH a") == "+OK|")
        host.advance(by: .milliseconds(100))
        #expect(one("MULTI") == "+OK|")
        #expect(one("EXEC") == "*-1|")
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func publishesToSubscribersOfBothVersions(store: String) throws {
        let host = try SimulatedHost(RESP.self, options: ["store": .text(store)], loops: 2)
        let (one, other, speaker) = (Client(host), Client(host, loop: 1), Client(host))
        #expect(speaker("PUBLISH news hello") == ":0|")
        #expect(one("SUBSCRIBE news weather") == "*3|$9|subscribe|$4|news|:1|*3|$9|subscribe|$7|weather|:2|")
        _ = other("HELLO 3")
        #expect(other("PSUBSCRIBE n*") == ">3|$10|psubscribe|$2|n*|:1|")
        #expect(other("SUBSCRIBE news") == ">3|$9|subscribe|$4|news|:2|")
        #expect(speaker("PUBLISH news hello_there") == ":3|")
        host.runWork()
        #expect(one.answers == "*3|$7|message|$4|news|$11|hello there|")
        let messages = other.answers
        #expect(messages.contains(">3|$7|message|$4|news|$11|hello there|"))
        #expect(messages.contains(">4|$8|pmessage|$2|n*|$4|news|$11|hello there|"))
        #expect(speaker("PUBSUB NUMSUB news weather x") == "*6|$4|news|:2|$7|weather|:1|$1|x|:0|")
        #expect(speaker("PUBSUB NUMPAT") == ":1|")
        #expect(speaker("PUBSUB CHANNELS w*") == "*1|$7|weather|")
        // RESP2: only few commands; RESP3: all.
        #expect(one("GET a").hasPrefix("-ERR Can't execute 'get'"))
        #expect(one("PING") == "*2|$4|pong|$0||")
        #expect(other("GET a") == "_|")
        #expect(one("UNSUBSCRIBE news") == "*3|$11|unsubscribe|$4|news|:1|")
        #expect(one("UNSUBSCRIBE") == "*3|$11|unsubscribe|$7|weather|:0|")
        #expect(one("UNSUBSCRIBE") == "*3|$11|unsubscribe|$-1|:0|")
        #expect(one("GET a") == "$-1|")
        #expect(one("RESET") == "+RESET|")
        other.connection.reset()
        #expect(speaker("PUBLISH news hello") == ":0|")
        #expect(speaker("PUBSUB CHANNELS") == "*0|")
        #expect(speaker("PUBSUB NUMPAT") == ":0|")
        #expect(host.shutDown() == [])
    }

    /// Keys with their deadlines, a transaction with its watched keys, names, versions and subscriptions.
    @Test func everythingMovesToTheNextGeneration() throws {
        let host = try SimulatedHost(RESP.self)
        let (one, other, listener, changed, late) = (
            Client(host), Client(host), Client(host), Client(host), Client(host)
        )
        _ = late("SET c 3 PX 1000")
        _ = one("HELLO 3 SETNAME me")
        _ = one("MSET a 1 b 2")
        _ = changed("WATCH b")
        _ = one("EXPIRE b 100")
        _ = one("WATCH a")
        _ = one("MULTI")
        _ = one("INCR a")
        _ = other("WATCH b")
        _ = late("WATCH c")
        _ = listener("SUBSCRIBE news")
        let next = try host.nextGeneration(RESP.self)
        #expect(host.swap(to: next).allSatisfy { $0 == .moved })
        #expect(one("EXEC") == "*1|:2|")
        #expect(one("CLIENT GETNAME") == "$2|me|")
        #expect(one("GET nothing") == "_|")
        #expect(one("TTL b") == ":100|")
        #expect(changed("MULTI") == "+OK|")
        #expect(changed("EXEC") == "*-1|")
        host.advance(by: .seconds(1))
        #expect(late("MULTI") == "+OK|")
        #expect(late("EXEC") == "*-1|")
        #expect(one("SET b 3") == "+OK|")
        #expect(other("MULTI") == "+OK|")
        #expect(other("EXEC") == "*-1|")
        #expect(other("PUBLISH news moved") == ":1|")
        #expect(other("PUBSUB NUMSUB news") == "*2|$4|news|:1|")
        next.runWork()
        #expect(listener.answers == "*3|$7|message|$4|news|$5|moved|")
        #expect(listener("UNSUBSCRIBE") == "*3|$11|unsubscribe|$4|news|:0|")
        #expect(next.metric("store_keys") == 2)
        #expect(host.shutDown() == [])
        #expect(next.shutDown() == [])
        #expect(next.metric("store_keys") == 0)
    }

    /// The keys are not moved, because they are in the database. A transaction that watches keys is tried again by its client.
    @Test func keysInADatabaseStayWhereTheyAre() throws {
        let host = try SimulatedHost(RESP.self, options: ["store": "main"])
        let (one, other) = (Client(host), Client(host))
        #expect(one("MSET a 1 b 2") == "+OK|")
        #expect(other("WATCH a") == "+OK|")
        one.connection.send(Client.framed(["INCR", "a"]))
        let next = try host.nextGeneration(RESP.self, options: ["store": "main"])
        #expect(host.swap(to: next) == [.moved, .moved])
        #expect(one.answers == ":2|")
        #expect(one("MGET a b") == "*2|$1|2|$1|2|")
        #expect(other("MULTI") == "+OK|")
        #expect(other("EXEC") == "*-1|")
        #expect(other("MULTI") == "+OK|")
        #expect(other("INCR a") == "+QUEUED|")
        #expect(other("EXEC") == "*1|:3|")
        #expect(next.metric("store_keys") == 0)
        #expect(host.shutDown() == [])
        #expect(next.shutDown() == [])
    }

    @Test func aCommandThatWaitsIsAnsweredBeforeTheEnd() throws {
        let host = try SimulatedHost(RESP.self, options: ["store": "main"])
        let client = Client(host)
        client.connection.send(Client.framed(["SET", "a", "1"]))
        client.connection.finishSending()
        #expect(client.answers == "+OK|")
        #expect(client.connection.end == .closed(.peer))
        #expect(host.shutDown() == [])
    }

    @Test func aSmallerNextGenerationIsRefused() throws {
        let host = try SimulatedHost(RESP.self)
        let client = Client(host)
        for number in 0..<50 { _ = client("SET key\(number) value") }
        let next = try host.nextGeneration(RESP.self, options: ["max_store_bytes": 1_000])
        host.swap(to: next)
        #expect(client("DBSIZE") == ":50|")
        #expect(client("GET key7") == "$5|value|")
    }

    /// No input from a peer makes the plugin trap, or break a rule of the host.
    @Test(arguments: UInt64(1)...60, stores)
    func survivesRandomCommands(seed: UInt64, store: String) throws {
        var generator = SeededGenerator(seed: seed)
        let host = try SimulatedHost(
            RESP.self, options: ["max_store_bytes": "64KiB", "max_value": 4_096, "store": .text(store)],
            limits: HostLimits(outputHighWater: 2_048, outputLowWater: 512, maximumInput: 65_536))
        let clients = (0..<3).map { _ in Client(host) }
        let words = [
            "0", "-1", "1", "9223372036854775807", "-9223372036854775808", "a", "b", "*", "[a-", "NX", "EX", "GET",
            "MATCH",
            "COUNT", "", "3", "KEEPTTL", String(repeating: "v", count: 3_000), "1.5", "CHANNELS", "AUTH", "SETNAME",
        ]
        for _ in 0..<300 {
            let client = clients[generator.below(3)]
            let command = Command.allCases[generator.below(Command.allCases.count)]
            guard command != .quit else { continue }
            let arguments = (0..<generator.below(6)).map { _ in words[generator.below(words.count)] }
            var bytes = Array(Client.framed(["\(command)"] + arguments).utf8)
            if generator.below(100) == 0 { bytes[generator.below(bytes.count)] = UInt8(generator.below(256)) }
            if client.connection.isOpen { client.connection.send(bytes, split: .random(seed: seed, largest: 400)) }
            if generator.below(20) == 0 { host.advance(by: .milliseconds(Int64(generator.below(2_000)))) }
        }
        #expect(host.shutDown() == [], "seed \(seed)")
        #expect(host.metric("store_bytes") == 0)
    }
}
