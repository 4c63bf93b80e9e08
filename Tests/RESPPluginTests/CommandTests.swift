import MartletKitTesting
import Testing

@testable import RESPPlugin

/// The answers of all commands, as Redis 7.0 gives them.
@Suite struct CommandTests {
    /// Each line: a command, ` -> `, the answer.
    private func expect(_ script: String, resp3: Bool = false, _ options: OptionLiteral = [:]) throws {
        for store in stores {
            let host = try SimulatedHost(RESP.self, options: options.with(store: store))
            let client = Client(host)
            if resp3 { _ = client("HELLO 3") }
            for line in script.split(separator: "\n") {
                let parts = line.components(separatedBy: " -> ")
                #expect(client(parts[0]) == parts[1], "\(store): \(parts[0])")
            }
            #expect(host.shutDown() == [])
        }
    }

    @Test func strings() throws {
        try expect(
            """
            GET a -> $-1|
            SET a 1 -> +OK|
            get a -> $1|1|
            SET a 2 NX -> $-1|
            SET a 2 XX -> +OK|
            SET b 2 XX -> $-1|
            SET b 2 NX GET -> $-1|
            SET a 3 GET -> $1|2|
            SET a 3 NX XX -> -ERR syntax error|
            SET a 3 EX -> -ERR syntax error|
            SET a 3 EX 0 -> -ERR invalid expire time in 'set' command|
            SET a 3 EX x -> -ERR value is not an integer or out of range|
            SET a 3 EX 9223372036854775807 -> -ERR invalid expire time in 'set' command|
            SET a 3 EX 1 KEEPTTL -> -ERR syntax error|
            SETNX a 4 -> :0|
            SETNX n 4 -> :1|
            SETEX a 10 5 -> +OK|
            TTL a -> :10|
            SET a 6 KEEPTTL -> +OK|
            TTL a -> :10|
            SET a 6 -> +OK|
            TTL a -> :-1|
            PSETEX a 1500 5 -> +OK|
            PTTL a -> :1500|
            SETEX a -1 5 -> -ERR invalid expire time in 'setex' command|
            GETSET a 7 -> $1|5|
            GETSET new 7 -> $-1|
            GETDEL new -> $1|7|
            GETDEL new -> $-1|
            GETEX a EX 100 -> $1|7|
            TTL a -> :100|
            GETEX a PERSIST -> $1|7|
            TTL a -> :-1|
            GETEX a FOO -> -ERR syntax error|
            MSET x 1 y 2 -> +OK|
            MGET x nothing y -> *3|$1|1|$-1|$1|2|
            MSET x 1 y -> -ERR wrong number of arguments for 'mset' command|
            MSETNX y 3 z 3 -> :0|
            EXISTS z -> :0|
            MSETNX z 3 w 3 -> :1|
            APPEND z 45 -> :3|
            APPEND new ab -> :2|
            STRLEN z -> :3|
            STRLEN nothing -> :0|
            GETRANGE z 0 1 -> $2|34|
            GETRANGE z -2 -1 -> $2|45|
            GETRANGE z 5 9 -> $0||
            GETRANGE z 2 1 -> $0||
            GETRANGE z -100 100 -> $3|345|
            GETRANGE z 0 -9223372036854775808 -> $0||
            SETRANGE z 1 xyz -> :4|
            GET z -> $4|3xyz|
            SETRANGE z -1 x -> -ERR offset is out of range|
            SETRANGE z 9223372036854775807 x -> -ERR string exceeds maximum allowed size (max_value)|
            GET -> -ERR wrong number of arguments for 'get' command|
            GET a b -> -ERR wrong number of arguments for 'get' command|
            """)
    }

    @Test func counters() throws {
        try expect(
            """
            INCR a -> :1|
            INCR a -> :2|
            DECR a -> :1|
            INCRBY a 41 -> :42|
            DECRBY a 2 -> :40|
            EXPIRE a 100 -> :1|
            INCR a -> :41|
            TTL a -> :100|
            SET a x -> +OK|
            INCR a -> -ERR value is not an integer or out of range|
            INCRBY a x -> -ERR value is not an integer or out of range|
            SET a 9223372036854775807 -> +OK|
            INCR a -> -ERR increment or decrement would overflow|
            DECRBY a -9223372036854775808 -> -ERR decrement would overflow|
            GET a -> $19|9223372036854775807|
            SET f 10.50 -> +OK|
            INCRBYFLOAT f 0.1 -> $4|10.6|
            INCRBYFLOAT f -5 -> $3|5.6|
            SET f 5.0e3 -> +OK|
            INCRBYFLOAT f 2.0e2 -> $4|5200|
            INCRBYFLOAT f x -> -ERR value is not a valid float|
            INCRBYFLOAT new 3 -> $1|3|
            """)
    }

    @Test func keys() throws {
        try expect(
            """
            MSET a 1 b 2 c 3 -> +OK|
            DEL a b nothing -> :2|
            UNLINK c -> :1|
            SET a 1 -> +OK|
            EXISTS a a b -> :2|
            TOUCH a b -> :1|
            TYPE a -> +string|
            TYPE b -> +none|
            RENAME a b -> +OK|
            RENAME a b -> -ERR no such key|
            RENAME b b -> +OK|
            SET c 3 EX 50 -> +OK|
            RENAMENX b c -> :0|
            RENAME c d -> +OK|
            TTL d -> :50|
            RENAMENX b a -> :1|
            DBSIZE -> :2|
            DEL d -> :1|
            RANDOMKEY -> $1|a|
            KEYS * -> *1|$1|a|
            KEYS b* -> *0|
            SCAN 0 -> *2|$1|0|*1|$1|a|
            SCAN 0 MATCH x* COUNT 100 -> *2|$1|0|*0|
            SCAN 0 TYPE list -> *2|$1|0|*0|
            SCAN x -> -ERR invalid cursor|
            SCAN 0 COUNT 0 -> -ERR syntax error|
            SCAN 0 COUNT x -> -ERR value is not an integer or out of range|
            SCAN 0 MATCH -> -ERR syntax error|
            SCAN 18446744073709551615 -> *2|$1|0|*0|
            FLUSHDB -> +OK|
            DBSIZE -> :0|
            RANDOMKEY -> $-1|
            FLUSHALL ASYNC -> +OK|
            FLUSHALL NOW -> -ERR syntax error|
            """)
    }

    @Test func deadlines() throws {
        try expect(
            """
            EXPIRE a 10 -> :0|
            TTL a -> :-2|
            SET a 1 -> +OK|
            TTL a -> :-1|
            EXPIRETIME a -> :-1|
            EXPIRE a 10 XX -> :0|
            EXPIRE a 10 GT -> :0|
            EXPIRE a 10 LT -> :1|
            EXPIRE a 20 NX -> :0|
            EXPIRE a 20 GT -> :1|
            EXPIRE a 20 LT -> :0|
            EXPIRE a 20 FOO -> -ERR Unsupported option FOO|
            EXPIRE a 20 NX GT -> -ERR NX and XX, GT or LT options at the same time are not compatible|
            EXPIRE a 9223372036854775807 -> -ERR invalid expire time in 'expire' command|
            PEXPIRE a 20000 -> :1|
            PERSIST a -> :1|
            PERSIST a -> :0|
            EXPIREAT a 1700000100 -> :1|
            EXPIRETIME a -> :1700000100|
            PEXPIRETIME a -> :1700000100000|
            PEXPIREAT a 1700000200500 -> :1|
            PEXPIRETIME a -> :1700000200500|
            EXPIRE a -1 -> :1|
            EXISTS a -> :0|
            SET a 1 EXAT 1 -> +OK|
            EXISTS a -> :0|
            SET a 1 PXAT 1700000200500 -> +OK|
            PTTL a -> :200500|
            """)
    }

    @Test func connection() throws {
        try expect(
            """
            PING -> +PONG|
            PING hello -> $5|hello|
            PING a b -> -ERR wrong number of arguments for 'ping' command|
            ECHO hello_there -> $11|hello there|
            SELECT 0 -> +OK|
            SELECT 1 -> -ERR DB index is out of range|
            SELECT x -> -ERR invalid DB index|
            CLIENT GETNAME -> $-1|
            CLIENT SETNAME me -> +OK|
            CLIENT GETNAME -> $2|me|
            CLIENT SETNAME a_b -> -ERR Client names cannot contain spaces, newlines or special characters.|
            CLIENT SETINFO LIB-NAME x -> +OK|
            CLIENT NO-EVICT on -> +OK|
            AUTH x -> -ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?|
            AUTH default x -> +OK|
            AUTH other x -> -WRONGPASS invalid username-password pair or user is disabled.|
            HELLO 4 -> -NOPROTO unsupported protocol version|
            HELLO x -> -ERR Protocol version is not an integer or out of range|
            HELLO 2 FOO -> -ERR Syntax error in HELLO option 'FOO'|
            COMMAND DOCS -> *0|
            CONFIG GET save -> *2|$4|save|$0||
            CONFIG GET appendonly -> *2|$10|appendonly|$2|no|
            CONFIG SET save x -> -ERR CONFIG SET is not supported: the settings are the options of the listener|
            TIME -> *2|$10|1700000000|$1|0|
            nothing a b -> -ERR unknown command 'nothing', with args beginning with: 'a' 'b' |
            RESET -> +RESET|
            QUIT -> +OK|
            """)
    }

    @Test func answersOfRESP3() throws {
        try expect(
            """
            GET a -> _|
            SET a 1 -> +OK|
            GET a -> $1|1|
            MGET a b -> *2|$1|1|_|
            SET a 2 NX -> _|
            CONFIG GET save -> %1|$4|save|$0||
            COMMAND DOCS -> %0|
            RANDOMKEY -> $1|a|
            CLIENT GETNAME -> _|
            WATCH a -> +OK|
            SET a 3 -> +OK|
            MULTI -> +OK|
            GET a -> +QUEUED|
            EXEC -> _|
            RESET -> +RESET|
            GET b -> $-1|
            """, resp3: true)
    }

    @Test func greets() throws {
        let client = Client(try SimulatedHost(RESP.self))
        let hello = client("HELLO 3 SETNAME me")
        #expect(hello.hasPrefix("%7|$6|server|$5|redis|$7|version|$5|7.0.0|$5|proto|:3|$2|id|:"))
        #expect(client("CLIENT GETNAME") == "$2|me|")
        #expect(client("HELLO 2").hasPrefix("*14|"))
        #expect(client("GET nothing") == "$-1|")
        #expect(client("INFO").contains("redis_version:7.0.0"))
        #expect(client("INFO memory").contains("maxmemory:67108864"))
        #expect(client("COMMAND COUNT") == ":\(Command.allCases.count)|")
        #expect(client("COMMAND INFO get nothing").hasPrefix("*2|*10|$3|get|:2|*2|+readonly|+fast|:1|:1|:1|"))
        #expect(CommandDescription.all.count == Command.allCases.count)
    }

    @Test func wantsAPassword() throws {
        try expect(
            """
            GET a -> -NOAUTH Authentication required.|
            MULTI -> -NOAUTH Authentication required.|
            AUTH wrong -> -WRONGPASS invalid username-password pair or user is disabled.|
            AUTH default -> -WRONGPASS invalid username-password pair or user is disabled.|
            AUTH secret -> +OK|
            GET a -> $-1|
            RESET -> +RESET|
            GET a -> -NOAUTH Authentication required.|
            AUTH default secret -> +OK|
            GET a -> $-1|
            """, ["password": "secret"])
    }

    @Test func transactions() throws {
        try expect(
            """
            EXEC -> -ERR EXEC without MULTI|
            DISCARD -> -ERR DISCARD without MULTI|
            MULTI -> +OK|
            MULTI -> -ERR MULTI calls can not be nested|
            WATCH a -> -ERR WATCH inside MULTI is not allowed|
            SET a 1 -> +QUEUED|
            INCR a -> +QUEUED|
            SET b x -> +QUEUED|
            INCR b -> +QUEUED|
            MGET a b -> +QUEUED|
            KEYS nothing -> +QUEUED|
            FLUSHALL -> +QUEUED|
            RENAME a b -> +QUEUED|
            EXEC -> *8|+OK|:2|+OK|-ERR value is not an integer or out of range|*2|$1|2|$1|x|*0|+OK|-ERR no such key|
            MULTI -> +OK|
            SET a 1 -> +QUEUED|
            DISCARD -> +OK|
            EXISTS a -> :0|
            MULTI -> +OK|
            SET a -> -ERR wrong number of arguments for 'set' command|
            EXEC -> -EXECABORT Transaction discarded because of previous errors.|
            MULTI -> +OK|
            nothing -> -ERR unknown command 'nothing', with args beginning with: |
            EXEC -> -EXECABORT Transaction discarded because of previous errors.|
            WATCH a b -> +OK|
            MULTI -> +OK|
            SET a 1 -> +QUEUED|
            EXEC -> *1|+OK|
            WATCH a -> +OK|
            SET a 2 -> +OK|
            MULTI -> +OK|
            SET a 3 -> +QUEUED|
            EXEC -> *-1|
            GET a -> $1|2|
            WATCH a -> +OK|
            SET a 3 -> +OK|
            UNWATCH -> +OK|
            MULTI -> +OK|
            EXEC -> *0|
            """)
    }

    @Test func aTransactionHasALimit() throws {
        let client = Client(try SimulatedHost(RESP.self, options: ["max_transaction": 1_024]))
        #expect(client("MULTI") == "+OK|")
        let long = String(repeating: "v", count: 600)
        #expect(client.send(["SET", "a", long]) == "+QUEUED|")
        #expect(client.send(["SET", "b", long]).hasPrefix("-ERR the transaction is larger"))
        #expect(client("EXEC").hasPrefix("-EXECABORT"))
        #expect(client("EXISTS a b") == ":0|")
    }

    @Test func limitsItsMemory() throws {
        let client = Client(
            try SimulatedHost(RESP.self, options: ["max_store_bytes": 1_000, "max_value": 600]))
        #expect(client.send(["SET", "a", String(repeating: "v", count: 601)]).hasPrefix("-ERR value is larger"))
        #expect(client.send(["SET", "a", String(repeating: "v", count: 600)]) == "+OK|")
        #expect(client.send(["SET", "b", String(repeating: "v", count: 600)]).hasPrefix("-OOM command not allowed"))
        #expect(client("APPEND a v").hasPrefix("-ERR string exceeds"))
        #expect(client("GET b") == "$-1|")
        #expect(client("DEL a") == ":1|")
        #expect(client.send(["SET", "b", String(repeating: "v", count: 600)]) == "+OK|")
        #expect(client.send(["SET", String(repeating: "k", count: 65_536), ""]).hasPrefix("-"))
    }
}

extension Substring {
    fileprivate func components(separatedBy separator: String) -> [String] {
        guard let range = firstRange(of: separator) else { return [String(self)] }
        return [String(self[..<range.lowerBound]), String(self[range.upperBound...])]
    }
}
