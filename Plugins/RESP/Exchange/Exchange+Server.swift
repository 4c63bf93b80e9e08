import KeyValueStore
import MartletKit
import RESPWire

/// What clients ask about the server and the connection.
extension Exchange {
    /// The version of Redis whose commands this server has: clients choose commands by it.
    private static let redisVersion = "7.0.0"

    var clientID: Int64 { Int64(truncatingIfNeeded: connection.id.rawValue & UInt64(Int64.max)) }

    mutating func ping() {
        switch request.count {
        case 1: output.raw("+PONG\r\n")
        case 2: output.bulk(argument(1))
        default: wrongArity()
        }
    }

    /// There is one database.
    mutating func select() {
        guard let number = integer(1) else { return output.error("ERR invalid DB index") }
        number == 0 ? output.ok() : output.error("ERR DB index is out of range")
    }

    mutating func answerHello() {
        output.map(7)
        output.bulk("server")
        output.bulk("redis")
        output.bulk("version")
        output.bulk(Self.redisVersion)
        output.bulk("proto")
        output.integer(Int(output.version))
        output.bulk("id")
        output.integer(clientID)
        output.bulk("mode")
        output.bulk("standalone")
        output.bulk("role")
        output.bulk("master")
        output.bulk("modules")
        output.array(0)
    }

    mutating func time() {
        output.array(2)
        output.bulk("\(now / 1_000)")
        output.bulk("\(now % 1_000 * 1_000)")
    }

    /// INFO [section …]: the sections server, clients, memory and keyspace.
    mutating func info() {
        var text = ""
        let size = withStore { $0.size }
        if wants("SERVER") {
            text += "# Server\r\nredis_version:\(Self.redisVersion)\r\nredis_mode:standalone\r\n"
            text += "server_name:martlet\r\nmartlet_version:\(connection.services.version)\r\n"
            text += "generation:\(connection.services.generation)\r\n\r\n"
        }
        if wants("CLIENTS") {
            let clients = database._withUnsafeGuaranteedRef { $0.clients.load(ordering: .relaxed) }
            text += "# Clients\r\nconnected_clients:\(clients)\r\n\r\n"
        }
        if wants("MEMORY") {
            text += "# Memory\r\nused_memory:\(size.bytes)\r\nmaxmemory:\(options.maximumStoreBytes)\r\n"
            text += "maxmemory_policy:noeviction\r\n\r\n"
        }
        if wants("REPLICATION") { text += "# Replication\r\nrole:master\r\nconnected_slaves:0\r\n\r\n" }
        if wants("KEYSPACE") {
            text += "# Keyspace\r\n"
            let expiring = withStore { $0.access.expiringKeys }
            if size.keys > 0 { text += "db0:keys=\(size.keys),expires=\(expiring),avg_ttl=0\r\n" }
        }
        output.verbatim(text)
    }

    private func wants(_ section: StaticString) -> Bool {
        if request.count == 1 { return true }
        var isWanted = false
        eachArgument(from: 1) { word in
            if word.is(section) || word.is("ALL") || word.is("DEFAULT") || word.is("EVERYTHING") { isWanted = true }
        }
        return isWanted
    }

    // MARK: COMMAND

    mutating func command() {
        let all = CommandDescription.all
        guard request.count > 1 else {
            output.array(all.count)
            for description in all { describe(description) }
            return
        }
        let word = argument(1)
        if word.is("COUNT"), request.count == 2 {
            output.integer(all.count)
        } else if word.is("DOCS") {
            // The documentation is docs/resp.md.
            output.map(0)
        } else if word.is("LIST"), request.count == 2 {
            output.array(all.count)
            for description in all { output.bulk(description.name) }
        } else if word.is("INFO") {
            output.array(request.count - 2)
            for index in 2..<max(request.count, 2) {
                let name = argument(index).text.lowercased()
                if let found = all.first(where: { $0.name == name }) { describe(found) } else { output.nullArray() }
            }
        } else {
            unknownSubcommand()
        }
    }

    private mutating func describe(_ command: CommandDescription) {
        output.array(10)
        output.bulk(command.name)
        output.integer(command.arity)
        let flags: [(CommandDescription.Flags, String)] = [
            (.write, "write"), (.readonly, "readonly"), (.fast, "fast"), (.pubsub, "pubsub"), (.open, "no_auth"),
        ]
        let set = flags.filter { command.flags.contains($0.0) }
        output.set(set.count)
        for (_, name) in set { output.simple(name) }
        output.integer(command.firstKey)
        output.integer(command.lastKey)
        output.integer(command.step)
        // Categories, tips, key specifications, subcommands.
        output.set(0)
        output.array(0)
        output.array(0)
        output.array(0)
    }

    // MARK: CONFIG

    /// CONFIG GET pattern …: what tools ask for. Everything is configured in the listener's file.
    mutating func config() {
        let word = argument(1)
        if word.is("GET"), request.count > 2 {
            let found = settings.filter { setting in
                (2..<request.count).contains { argument($0).matchesName(setting.name) }
            }
            output.map(found.count)
            for (name, value) in found {
                output.bulk(name)
                output.bulk(value)
            }
        } else if word.is("RESETSTAT"), request.count == 2 {
            output.ok()
        } else if word.is("SET") {
            output.error("ERR CONFIG SET is not supported: the settings are the options of the listener")
        } else {
            unknownSubcommand()
        }
    }

    private var settings: [(name: String, value: String)] {
        [
            ("appendonly", "no"), ("databases", "1"), ("maxmemory", "\(options.maximumStoreBytes)"),
            ("maxmemory-policy", "noeviction"), ("proto-max-bulk-len", "\(options.limits.bulkBytes)"), ("save", ""),
        ]
    }

    // MARK: Errors

    mutating func unknownCommand() {
        var text = "ERR unknown command '\(argument(0).start(128))', with args beginning with: "
        for index in 1..<max(min(request.count, 4), 1) { text += "'\(argument(index).start(32))' " }
        output.error(text)
    }

    mutating func unknownSubcommand() {
        output.error(
            "ERR unknown subcommand or wrong number of arguments for '\(argument(1).start(128))'. Try \(argument(0).text.uppercased()) HELP."
        )
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func start(_ count: Int) -> String {
        UnsafeRawBufferPointer(rebasing: self[..<Swift.min(count, self.count)]).text
    }

    fileprivate func matchesName(_ name: String) -> Bool {
        let pattern = Array(text.lowercased().utf8)
        return Glob.matches(Array(name.utf8).span, pattern.span)
    }
}
