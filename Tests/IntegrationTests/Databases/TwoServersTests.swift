import Testing

/// Two servers with one database.
@Suite struct TwoServersTests {
    private let site: StoreSite
    private let servers: [StoreServer]

    init() throws {
        site = try StoreSite(.mariadb)
        servers = [site.store, try StoreServer(url: site.url, of: site.mariaDB)]
    }

    @Test func eachSeesWhatTheOtherHasWritten() throws {
        for plugin in StorePlugin.allCases {
            let (one, other) = (try servers[0].connect(to: plugin), try servers[1].connect(to: plugin))
            for round in 0..<50 {
                try one.set("key", "\(round)")
                #expect(try other.get("key") == "\(round)")
                #expect(try other.remove(Array("key".utf8)))
                #expect(try one.get("key") == nil)
            }
        }
        let (one, other) = (try servers[0].binary(), try servers[1].binary())
        for round in 0..<50 {
            let version = try (round % 2 == 0 ? one : other).write(.put([1], [UInt8(round)])).version
            #expect(try one.read([1]) == .init(value: [UInt8(round)], version: version))
            #expect(try other.read([1]) == .init(value: [UInt8(round)], version: version))
            #expect(try other.write(.put([1], [255], if: .version(version + 1))).isDone == false)
        }
    }

    @Test(arguments: StorePlugin.allCases)
    func noConditionalWriteIsLost(_ plugin: StorePlugin) throws {
        let threads = try servers.map { server in
            let address = try server.address(of: plugin)
            return try Background {
                let client = try plugin.connect(to: address)
                return try (0..<200).reduce(0) { lost, _ in try lost + client.increment("counter") }
            }
        }
        let lost = try threads.map { try $0.value() }
        #expect(try servers[0].connect(to: plugin).get("counter") == "400", "the other was faster: \(lost)")
    }

    @Test func noIncrementIsLost() throws {
        let threads = try (0..<4).map { number in
            let address = try servers[number % 2].address(of: .resp)
            return try Background {
                let client = try RESPStoreClient(address)
                for _ in 0..<100 { try client.ask("INCR", "counter") }
            }
        }
        for thread in threads { try thread.value() }
        #expect(try servers[1].resp().get("counter") == "400")
    }

    /// A command that looks at keys and writes them is not overtaken by the other server.
    @Test func noConditionIsMetTwice() throws {
        let addresses = try servers.map { try $0.address(of: .resp) }
        let rounds = 100
        let threads = try addresses.enumerated().map { number, address in
            try Background {
                let client = try RESPStoreClient(address)
                var won = 0
                for round in 0..<rounds {
                    do {
                        let reply = try client.ask("MSETNX", "\(round) a", "\(number)", "\(round) b", "\(number)")
                        if reply == .integer(1) { won += 1 }
                    } catch let error as StoreError {
                        // Each has locked what the other one needs, several times.
                        guard error.description.contains("busy") else { throw error }
                    }
                }
                return won
            }
        }
        let won = try threads.reduce(0) { try $0 + $1.value() }
        let client = try servers[0].resp()
        let set = try (0..<rounds).count { try client.get("\($0) a") != nil }
        #expect(won == set && set > 0, "won \(won), set \(set)")
        for round in 0..<rounds { #expect(try client.get("\(round) a") == client.get("\(round) b")) }
    }

    /// A transaction of one server is seen by the other as a whole or not at all, whatever this one does in a transaction.
    @Test func noHalfOfABatchIsSeen() throws {
        let pair = Pair("pair")
        for plugin in StorePlugin.allCases {
            let client = try servers[0].connect(to: plugin)
            try client.set(pair, Array("0".utf8))
            let addresses = try servers.map { try $0.address(of: plugin) }
            let readers = try addresses.map { address in
                try SteadyClient {
                    let reader = try plugin.connect(to: address)
                    return {
                        let found = try reader.get(pair)
                        guard found[0] == found[1] else { throw Failure("half of a batch: \(found)") }
                    }
                }
            }
            for number in 1...200 { try client.set(pair, Array("\(number)".utf8)) }
            for reader in readers { #expect(try reader.finish() > 0) }
        }
    }

    /// A transaction that reads one key and changes another one sees both as they were at one moment.
    @Test func aTransactionThatWritesSeesOneMoment() throws {
        let pair = Pair("pair")
        let client = try servers[0].resp()
        try client.set(pair, Array("0".utf8))
        let address = try servers[1].address(of: .resp)
        let other = try SteadyClient {
            let reader = try RESPStoreClient(address)
            return {
                let commands = [[Array("GET".utf8), pair.keys[0]], [Array("INCRBY".utf8), pair.keys[1], [48]]]
                let found: [RESPStoreClient.Reply]?
                do {
                    found = try reader.transaction(commands)
                } catch let error as StoreError {
                    // Both have locked what the other one needs, several times.
                    guard error.description.contains("busy") else { throw error }
                    return
                }
                guard let found, found.count == 2, case .bytes(let bytes) = found[0] else {
                    throw Failure("EXEC: \(String(describing: found))")
                }
                guard String(decoding: bytes, as: UTF8.self) == found[1].description else {
                    throw Failure("two moments: \(found)")
                }
            }
        }
        var number = 0
        while other.rounds < 300, !other.hasFailed {
            number += 1
            do {
                try client.set(pair, Array("\(number)".utf8))
            } catch let error as StoreError {
                guard error.description.contains("busy") else { throw error }
            }
        }
        #expect(try other.finish() >= 300)
    }
}
