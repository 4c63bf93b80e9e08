import MartletKit
import RESPWire

/// Commands about the connection: https://redis.io/docs/latest/commands/?group=connection
extension RESPSession {
    /// A subscriber of RESP2 gets an array, because its other messages are arrays too.
    func ping(_ exchange: inout Exchange) {
        guard flags.contains(.subscribed), exchange.output.version == 2, exchange.request.count <= 2 else {
            return exchange.ping()
        }
        exchange.output.array(2)
        exchange.output.bulk("pong")
        exchange.output.bulk(exchange.request.count == 2 ? exchange.argument(1) : ("" as StaticString).bytes)
    }

    mutating func quit(_ exchange: inout Exchange) {
        exchange.output.ok()
        exchange.output.close()
    }

    mutating func reset(_ exchange: inout Exchange) {
        endMulti(exchange)
        leaveAll(exchange)
        flags = exchange.connection.plugin.servesEverybody ? [.authenticated] : []
        if details?.user != nil { exchange.connection.setPrincipal("") }
        details = nil
        exchange.output.version = 2
        exchange.output.raw("+RESET\r\n")
    }

    /// HELLO [2 | 3 [AUTH user password] [SETNAME name]]
    mutating func hello(_ exchange: inout Exchange) {
        var version = exchange.output.version
        if exchange.request.count > 1 {
            guard let number = exchange.integer(1) else {
                return exchange.output.error("ERR Protocol version is not an integer or out of range")
            }
            guard number == 2 || number == 3 else {
                return exchange.output.error("NOPROTO unsupported protocol version")
            }
            version = UInt8(number)
        }
        var name: UnsafeRawBufferPointer?
        var login: (user: UnsafeRawBufferPointer, password: UnsafeRawBufferPointer)?
        var index = 2
        while index < exchange.request.count {
            let word = exchange.argument(index)
            if word.is("AUTH"), index + 2 < exchange.request.count {
                login = (exchange.argument(index + 1), exchange.argument(index + 2))
                index += 3
            } else if word.is("SETNAME"), index + 1 < exchange.request.count {
                guard isName(exchange.argument(index + 1)) else { return invalidName(&exchange) }
                name = exchange.argument(index + 1)
                index += 2
            } else {
                return exchange.output.error("ERR Syntax error in HELLO option '\(word.text)'")
            }
        }
        if let login {
            if exchange.connection.plugin.requiresUsers {
                return logIn(
                    login.user, login.password, .hello(version: version, name: name.map(Array.init)), &exchange)
            }
            guard authenticate(login.user, login.password, &exchange) else { return }
        }
        guard flags.contains(.authenticated) else {
            return exchange.output.error(
                "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> "
                    + "<pass> option can be used to authenticate the client and select the RESP protocol version at the same time"
            )
        }
        greet(version, name.map(Array.init), &exchange)
    }

    mutating func greet(_ version: UInt8, _ name: [UInt8]?, _ exchange: inout Exchange) {
        if let name { makeDetails(exchange).name = name }
        if version != exchange.output.version { changeVersion(to: version, exchange) }
        if version == 3 { flags.insert(.resp3) } else { flags.remove(.resp3) }
        exchange.output.version = version
        exchange.answerHello()
    }

    /// AUTH [user] password. Without users of the listener there is one, `default`.
    mutating func auth(_ exchange: inout Exchange) {
        guard exchange.request.count <= 3 else { return exchange.syntaxError() }
        let hasUser = exchange.request.count == 3
        let user = hasUser ? exchange.argument(1) : ("default" as StaticString).bytes
        let password = exchange.argument(hasUser ? 2 : 1)
        if exchange.connection.plugin.requiresUsers { return logIn(user, password, .ok, &exchange) }
        if exchange.options.password.isEmpty, exchange.request.count == 2 {
            return exchange.output.error(
                "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
                    + "configuration is correct?")
        }
        guard authenticate(user, password, &exchange) else { return }
        exchange.output.ok()
    }

    /// false: answers an error.
    private mutating func authenticate(
        _ user: UnsafeRawBufferPointer, _ password: UnsafeRawBufferPointer, _ exchange: inout Exchange
    ) -> Bool {
        let expected = exchange.options.password
        // Without a password any is right, as for the user `default` of Redis.
        if user.elementsEqual("default".utf8), expected.isEmpty || isEqual(password, Array(expected.utf8)) {
            flags.insert(.authenticated)
            return true
        }
        exchange.output.error(Self.wrongPassword)
        return false
    }

    /// Takes the same time wherever the difference is.
    private func isEqual(_ given: UnsafeRawBufferPointer, _ expected: [UInt8]) -> Bool {
        var difference = given.count ^ expected.count
        for index in 0..<given.count { difference |= Int(given[index] ^ expected[index % expected.count]) }
        return difference == 0
    }

    // MARK: CLIENT

    mutating func client(_ exchange: inout Exchange) {
        let word = exchange.argument(1)
        let count = exchange.request.count
        if word.is("ID"), count == 2 {
            exchange.output.integer(exchange.clientID)
        } else if word.is("GETNAME"), count == 2 {
            if let name = details?.name, !name.isEmpty {
                name.withUnsafeBytes { exchange.output.bulk($0) }
            } else {
                exchange.output.null()
            }
        } else if word.is("SETNAME"), count == 3 {
            guard isName(exchange.argument(2)) else { return invalidName(&exchange) }
            makeDetails(exchange).name = Array(exchange.argument(2))
            exchange.output.ok()
        } else if word.is("SETINFO"), count == 4 {
            exchange.output.ok()
        } else if word.is("INFO"), count == 2 {
            exchange.output.bulk(line(exchange))
        } else if word.is("LIST") {
            // Other connections may belong to other loops.
            exchange.output.verbatim(line(exchange) + "\n")
        } else if word.is("NO-EVICT") || word.is("NO-TOUCH"), count == 3 {
            exchange.output.ok()
        } else {
            exchange.unknownSubcommand()
        }
    }

    private func line(_ exchange: Exchange) -> String {
        let name = String(decoding: details?.name ?? [], as: UTF8.self)
        return
            "id=\(exchange.clientID) addr=\(exchange.connection.peer) laddr=\(exchange.connection.local) name=\(name) db=0 "
            + "sub=\(details?.channels.count ?? 0) psub=\(details?.patterns.count ?? 0) multi=\(flags.contains(.multi) ? details?.queued ?? 0 : -1) "
            + "watch=\(details?.watched.count ?? 0) resp=\(exchange.output.version) "
            + "user=\(details?.user?.name ?? "default")"
    }

    /// Without blanks and line breaks, so that the answer of CLIENT LIST can be read.
    private func isName(_ text: UnsafeRawBufferPointer) -> Bool {
        text.count <= 255 && text.allSatisfy { (0x21...0x7E).contains($0) }
    }

    private func invalidName(_ exchange: inout Exchange) {
        exchange.output.error("ERR Client names cannot contain spaces, newlines or special characters.")
    }
}
