import MartletKit
import MartletKitTesting
import Testing

@testable import RESPPlugin

/// A listener with users.
@Suite struct UserTests {
    private func makeHost(_ store: String = "memory") throws -> SimulatedHost {
        let host = try SimulatedHost(RESP.self, options: ["store": .text(store)], hasUsers: true)
        host.setUser(User(name: "ann"), password: "secret")
        host.setUser(User(name: "default"), password: "old clients")
        host.setUser(User(name: "audit", isReadOnly: true), password: "look")
        host.setUser(User(name: "shop", prefixes: ["shop:", "cart:"].map { Array($0.utf8) }), password: "sell")
        return host
    }

    private static let wrong = "-WRONGPASS invalid username-password pair or user is disabled.|"
    private static let noKey = "-NOPERM No permissions to access a key|"

    @Test(arguments: stores) func nobodyIsServedBeforeItIsKnown(_ store: String) throws {
        let host = try makeHost(store)
        let client = Client(host)
        for command in ["GET a", "PING", "SUBSCRIBE a", "MULTI", "INFO", "CLIENT LIST"] {
            #expect(client(command) == "-NOAUTH Authentication required.|", "\(command)")
        }
        #expect(client("HELLO 3").hasPrefix("-NOAUTH HELLO must be called"))
        #expect(client("AUTH ann wrong") == Self.wrong)
        #expect(client("AUTH nobody secret") == Self.wrong)
        #expect(client("AUTH secret") == Self.wrong)
        #expect(client("GET a") == "-NOAUTH Authentication required.|")
        #expect(client("AUTH ann secret") == "+OK|")
        #expect(client("SET a 1") == "+OK|")
        #expect(client("GET a") == "$1|1|")
        #expect(client("CLIENT INFO").contains("user=ann"))
        #expect(client("AUTH ann wrong") == Self.wrong)
        #expect(client("GET a") == "$1|1|", "it stays who it was")
        #expect(client("RESET") == "+RESET|")
        #expect(client("GET a") == "-NOAUTH Authentication required.|")
        #expect(client("AUTH old_clients") == "+OK|")
        #expect(client("GET a") == "$1|1|")
        #expect(host.shutDown() == [])
    }

    @Test func helloLogsInToo() throws {
        let host = try makeHost()
        let client = Client(host)
        #expect(client("HELLO 3 AUTH ann wrong SETNAME me") == Self.wrong)
        #expect(client("HELLO 3 AUTH ann secret SETNAME me").hasPrefix("%7|$6|server|"))
        #expect(client("CLIENT GETNAME") == "$2|me|")
        #expect(client("GET a") == "_|", "RESP3")
        #expect(client("HELLO 2").hasPrefix("*14|"))
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func commandsThatFollowAtOnceWait(_ store: String) throws {
        let host = try makeHost(store)
        let client = Client(host)
        let words = [
            ["GET", "a"], ["AUTH", "ann", "secret"], ["SET", "a", "1"], ["GET", "a"], ["AUTH", "audit", "look"],
        ]
        let bytes = words.map(Client.framed).joined() + Client.framed(["SET", "a", "2"]) + Client.framed(["GET", "a"])
        #expect(
            client.raw(bytes)
                == "-NOAUTH Authentication required.|+OK|+OK|$1|1|+OK|"
                + "-NOPERM User audit has no permissions to run the 'set' command|$1|1|")
        #expect(client.raw("AUTH ann secret\r\nSET a 3\r\n") == "+OK|+OK|", "as lines")
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func aUserMayBeAllowedToReadOnly(_ store: String) throws {
        let host = try makeHost(store)
        let (ann, audit) = (Client(host), Client(host))
        #expect(ann("AUTH ann secret") == "+OK|")
        #expect(ann("MSET a 1 b 2") == "+OK|")
        #expect(audit("AUTH audit look") == "+OK|")
        #expect(audit("MGET a b") == "*2|$1|1|$1|2|")
        #expect(audit("SUBSCRIBE news").hasPrefix("*3|"))
        #expect(audit("UNSUBSCRIBE").hasPrefix("*3|"))
        for (name, command) in [
            ("set", "SET a 2"), ("del", "DEL a"), ("incr", "INCR a"), ("expire", "EXPIRE a 1"),
            ("flushall", "FLUSHALL"),
            ("getex", "GETEX a"), ("publish", "PUBLISH news x"), ("rename", "RENAME a b"),
        ] {
            #expect(audit(command) == "-NOPERM User audit has no permissions to run the '\(name)' command|")
        }
        #expect(audit("MULTI") == "+OK|")
        #expect(audit("SET a 2").hasPrefix("-NOPERM"))
        #expect(audit("EXEC") == "-EXECABORT Transaction discarded because of previous errors.|")
        #expect(ann("GET a") == "$1|1|")
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func aUserMayBeLimitedToSomeKeys(_ store: String) throws {
        let host = try makeHost(store)
        let (ann, shop) = (Client(host), Client(host))
        #expect(ann("AUTH ann secret") == "+OK|")
        #expect(ann("MSET a 1 shop:a 2 shopping 3") == "+OK|")
        #expect(shop("AUTH shop sell") == "+OK|")
        #expect(shop("GET shop:a") == "$1|2|")
        #expect(shop("SET cart:1 x") == "+OK|")
        #expect(shop("MGET shop:a cart:1") == "*2|$1|2|$1|x|")
        for command in [
            "GET a", "GET shopping", "MGET shop:a a", "MSET shop:a 1 a 1", "DEL shop:a shopping", "RENAME shop:a a",
            "WATCH a",
            "KEYS *", "KEYS sho*", "SCAN 0", "SCAN 0 MATCH *", "SCAN 0 COUNT 10", "SCAN 0 MATCH shop:* MATCH *",
        ] { #expect(shop(command) == Self.noKey, "\(command)") }
        for command in ["FLUSHALL", "FLUSHDB", "DBSIZE", "RANDOMKEY", "PUBSUB CHANNELS"] {
            let name = command.split(separator: " ")[0].lowercased()
            #expect(shop(command) == "-NOPERM User shop has no permissions to run the '\(name)' command|")
        }
        #expect(shop("KEYS shop:*") == "*1|$6|shop:a|")
        #expect(shop("SCAN 0 MATCH cart:* COUNT 100") == "*2|$1|0|*1|$6|cart:1|")
        #expect(shop("SUBSCRIBE shop:news").hasPrefix("*3|"))
        #expect(shop("SUBSCRIBE news") == "-NOPERM No permissions to access a channel|")
        #expect(shop("PSUBSCRIBE *") == "-NOPERM No permissions to access a channel|")
        #expect(shop("UNSUBSCRIBE").hasPrefix("*3|"))
        #expect(shop("PUBLISH news x") == "-NOPERM No permissions to access a channel|")
        #expect(shop("PUBLISH shop:news x") == ":0|")
        #expect(shop("MULTI") == "+OK|")
        #expect(shop("SET shop:a 5") == "+QUEUED|")
        #expect(shop("GET a") == Self.noKey)
        #expect(shop("EXEC").hasPrefix("-EXECABORT"))
        #expect(shop("MULTI") == "+OK|")
        #expect(shop("INCR shop:a") == "+QUEUED|")
        #expect(shop("EXEC") == "*1|:3|")
        #expect(host.shutDown() == [])
    }

    @Test func nobodyBecomesSomebodyElseInsideATransaction() throws {
        let host = try makeHost()
        let client = Client(host)
        #expect(client("AUTH ann secret") == "+OK|")
        for command in ["AUTH audit look", "HELLO 3 AUTH audit look"] {
            #expect(client("MULTI") == "+OK|")
            #expect(client(command).hasSuffix("inside MULTI is not allowed|"))
            #expect(client("EXEC").hasPrefix("-EXECABORT"))
        }
        #expect(host.shutDown() == [])
    }

    @Test func guessesAreLimited() throws {
        let host = try makeHost()
        let client = Client(host)
        for guess in 0..<10 { #expect(client("AUTH ann \(guess)") == Self.wrong) }
        #expect(client("AUTH ann secret") == "-ERR too many failed logins, try again later|")
        #expect(client("AUTH audit look") == "+OK|")
        #expect(host.shutDown() == [])
    }

    @Test func whatCannotBeAPasswordIsWrong() throws {
        let host = try makeHost()
        let client = Client(host)
        #expect(client.send(["AUTH", "ann", "a\0b"]) == Self.wrong)
        #expect(client.send(["AUTH", "ann", String(repeating: "x", count: 5_000)]) == Self.wrong)
        #expect(client.send(["AUTH", String(repeating: "x", count: 500), "p"]) == Self.wrong)
        #expect(client("AUTH a b c") == "-ERR syntax error|")
        #expect(host.shutDown() == [])
    }

    @Test func aSwapKeepsWhoItIs() throws {
        let host = try makeHost()
        let (shop, stranger) = (Client(host), Client(host))
        #expect(shop("AUTH shop sell") == "+OK|")
        let next = try host.nextGeneration(RESP.self, hasUsers: true)
        host.swap(to: next)
        #expect(shop("SET shop:a 1") == "+OK|")
        #expect(shop("SET a 1") == Self.noKey)
        #expect(shop("CLIENT INFO").contains("user=shop"))
        #expect(stranger("GET shop:a") == "-NOAUTH Authentication required.|")
        #expect(next.shutDown() == [])
        #expect(host.shutDown() == [])
    }

    @Test func usersThatComeWithASwapCountAtOnce() throws {
        let host = try SimulatedHost(RESP.self)
        let (bare, named) = (Client(host), Client(host))
        #expect(bare("SET a 1") == "+OK|")
        #expect(named("CLIENT SETNAME me") == "+OK|")
        let next = try host.nextGeneration(RESP.self, hasUsers: true)
        next.setUser(User(name: "ann"), password: "secret")
        host.swap(to: next)
        for client in [bare, named] {
            #expect(client("GET a") == "-NOAUTH Authentication required.|")
            #expect(client("AUTH ann secret") == "+OK|")
            #expect(client("GET a") == "$1|1|")
        }
        #expect(next.shutDown() == [])
        #expect(host.shutDown() == [])
    }

    @Test func aPasswordInTheFileAndUsersExcludeEachOther() throws {
        let error = #expect(throws: SimulationError.self) {
            try SimulatedHost(RESP.self, options: ["password": "p"], hasUsers: true)
        }
        #expect("\(String(describing: error))".contains("expected no password, because the listener has users"))
    }

    @Test func aClientThatLeavesMeanwhileIsForgotten() throws {
        let host = try makeHost()
        let client = Client(host)
        client.connection.send(Client.framed(["AUTH", "ann", "secret"]))
        client.connection.hangUp()
        host.runWork()
        #expect(host.shutDown() == [])
    }
}
