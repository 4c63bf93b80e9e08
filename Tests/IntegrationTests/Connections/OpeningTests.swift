import Glibc
import Testing

/// The addresses that `opened` gets for a connection, and that `peer` and `local` return later. The plugin compares the two.
@Suite struct OpeningTests {
    private func server(on addresses: [String], _ more: String = "") throws -> RunningServer {
        let folder = try ServerFolder()
        try folder.switchboard("one", on: addresses, more)
        return try RunningServer(folder)
    }

    @Test(arguments: ["dispatch = \"loops\"", "dispatch = \"workers\""])
    func bothAddressesOfAConnectionAreReported(_ dispatch: String) throws {
        let server = try server(on: ["127.0.0.1:0"], dispatch)
        let peer = try Peer(server.address(of: "one"), from: "127.0.0.7")
        let own = try peer.ownAddress()
        #expect(own.hasPrefix("127.0.0.7:"))
        #expect(
            try peer.ask("where")
                == "origin 1 endpoint 127.0.0.1:0 peer \(own) local \(server.address(of: "one").text)")
    }

    /// The local address is the one that the peer connected to, not the one that the socket is bound to.
    @Test func aWildcardListenerReportsTheAddressConnectedTo() throws {
        let server = try server(on: ["0.0.0.0:0"])
        let port = try server.address(of: "one").port
        for host in ["127.0.0.1", "127.0.0.9"] {
            let answer = try Peer(.ipv4(host, port: port)).ask("where")
            #expect(answer.hasPrefix("origin 1 endpoint 0.0.0.0:0 peer 127.0.0.1:"))
            #expect(answer.hasSuffix(" local \(host):\(port)"))
        }
    }

    @Test func aDualStackSocketReportsIPv4AsIPv4() throws {
        let server = try server(on: ["[::]:0"])
        let port = try server.address(of: "one").port
        let four = try Peer(.ipv4("127.0.0.1", port: port))
        #expect(
            try four.ask("where")
                == "origin 1 endpoint [::]:0 peer \(four.ownAddress()) local 127.0.0.1:\(port)")
        let six = try Peer(.ipv6("::1", port: port))
        let answer = try six.ask("where")
        #expect(answer.hasPrefix("origin 1 endpoint [::]:0 peer [::1]:") && answer.hasSuffix(" local [::1]:\(port)"))
    }

    @Test func aUnixSocketHasNoAddresses() throws {
        let folder = try TemporaryFolder()
        let address = "unix:\(folder.path)/one.sock"
        let server = try server(on: [address])
        #expect(try server.connect(to: "one").ask("where") == "origin 1 endpoint \(address) peer unix local unix")
    }

    @Test func behindAProxyBothAddressesAreTheClients() throws {
        let server = try server(on: ["127.0.0.1:0"], "[access]\nproxies = [\"127.0.0.2\"]")
        func ask(_ header: [UInt8]) throws -> String {
            let peer = try Peer(server.address(of: "one"), from: "127.0.0.2")
            try peer.send(header)
            return try peer.ask("where")
        }
        let start = "origin 1 endpoint 127.0.0.1:0 peer "
        #expect(
            try ask(Array("PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n".utf8))
                == start + "192.0.2.7:56324 local 198.51.100.1:443")
        #expect(
            try ask(Array("PROXY TCP6 2001:db8::9 2001:db8::1 56324 443\r\n".utf8))
                == start + "[2001:db8::9]:56324 local [2001:db8::1]:443")
        // `ProxyLine.binary` states the same address for both ends.
        #expect(
            try ask(ProxyLine.binary("192.0.2.7", port: 9)) == start + "192.0.2.7:9 local 192.0.2.7:80")
        #expect(
            try ask(ProxyLine.binary("2001:db8::9", port: 9)) == start + "[2001:db8::9]:9 local [2001:db8::9]:80")
        // The proxy connects on its own behalf.
        for header in [Array("PROXY UNKNOWN\r\n".utf8), ProxyLine.binary("192.0.2.7", command: 0)] {
            let answer = try ask(header)
            #expect(answer.hasPrefix(start + "127.0.0.2:"))
            #expect(answer.hasSuffix(" local \(try server.address(of: "one").text)"))
        }
        #expect(try server.connect(to: "one").ask("where").hasPrefix(start + "127.0.0.1:"))
    }

    @Test func anEndpointIsReportedByItsName() throws {
        let folder = try ServerFolder()
        try folder.switchboard("one")
        func write(_ names: String...) throws {
            let tables = names.enumerated().map { index, name in
                "[[listen]]\nname = \"\(name)\"\naddress = \"127.0.0.\(index + 1):0\"\n"
            }
            let text = "plugin = \"switchboard-1.so\"\n" + tables.joined()
            try Files.replace(folder.file("one.toml"), with: Array(text.utf8), mode: 0o644)
        }
        try write("public", "internal")
        let server = try RunningServer(folder)
        let before = try server.connect(to: "one", 0)
        #expect(try before.ask("where").hasPrefix("origin 1 endpoint public peer"))
        #expect(try server.connect(to: "one", 1).ask("where").hasPrefix("origin 1 endpoint internal peer"))
        try write("everybody", "internal")
        #expect(try server.reload("one") == .moved)
        #expect(try server.connect(to: "one", 0).ask("where").hasPrefix("origin 1 endpoint everybody peer"))
        #expect(try before.ask("where").hasPrefix("origin 1 endpoint public peer"), "the name at the time of opening")
    }

    /// Memory from `reserve` stays valid until the plugin writes something.
    @Test(arguments: ["dispatch = \"loops\"", "dispatch = \"workers\""])
    func reservedMemoryOutlastsOtherCalls(_ dispatch: String) throws {
        let server = try server(on: ["127.0.0.1:0"], dispatch)
        let peer = try server.connect(to: "one")
        #expect(try peer.ask("reserve") == "what was reserved has stayed")
        try peer.send("before\nreserve\nafter\n")
        let lines = try (0..<3).map { _ in try peer.receiveLine() }
        #expect(lines == ["before", "what was reserved has stayed", "after"])
        #expect(try server.counts(of: "one").faults == 0)
        #expect(try server.counts(of: "one").requests == 2)
    }
}

extension Peer {
    /// The IPv4 address and port from which the peer connects: getsockname(2).
    fileprivate func ownAddress() throws -> String {
        var address = sockaddr_in()
        let result = withUnsafeMutablePointer(to: &address) { address in
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            return address.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard result == 0 else { throw Failure.system("getsockname") }
        let bytes = withUnsafeBytes(of: &address.sin_addr) { $0.map { "\($0)" } }
        return bytes.joined(separator: ".") + ":\(UInt16(bigEndian: address.sin_port))"
    }
}
