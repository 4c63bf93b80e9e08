import Glibc
import Testing

@testable import BinaryClient
@testable import BinaryWire

@Suite struct OperationTests {
    @Test func callsEveryOperation() throws {
        let server = try TestServer { StoreServer().serve($0) }
        let client = try BinaryClient.connect(address: server.address)
        #expect(client.server.name == "test")
        #expect(client.server.version == 1)
        #expect(client.server.heartbeatMilliseconds == 30_000)
        #expect(try client.ping() > .zero)
        #expect(try client.echo(utf8("hello")) == utf8("hello"))
        #expect(try client.get(utf8("k")) == nil)
        #expect(try client.put(utf8("k"), utf8("v")) == .created)
        #expect(try client.put(utf8("k"), []) == .replaced)
        #expect(try client.get(utf8("k")) == [])
        #expect(try client.delete(utf8("k")))
        #expect(try !client.delete(utf8("k")))
    }

    @Test func carriesTheLargestValue() throws {
        let server = try TestServer { StoreServer().serve($0) }
        let client = try BinaryClient.connect(address: server.address)
        let value = (0..<WireLimits.valueBytes).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(try client.put(utf8("k"), value) == .created)
        #expect(try client.get(utf8("k")) == value)
    }

    @Test func scansPageByPage() throws {
        let server = try TestServer { StoreServer(pageEntries: 3).serve($0) }
        let client = try BinaryClient.connect(address: server.address)
        let keys = (0..<20).map { utf8("key/\($0 / 10)\($0 % 10)") }
        for key in keys { try client.put(key, key + [1]) }
        try client.put(utf8("other"), [])
        let entries = try client.scan(prefix: utf8("key/"))
        #expect(entries.map(\.key) == keys)
        #expect(entries.map(\.value) == keys.map { $0 + [1] })
        #expect(try client.scan(prefix: utf8("key/"), limit: 7).map(\.key) == Array(keys[..<7]))
        #expect(try client.scan(prefix: utf8("nothing")).isEmpty)
        #expect(try client.scan(limit: 0).isEmpty)
        #expect(try client.scan().count == 21)
    }

    @Test func answersHeartbeatsWhileItWaits() throws {
        let heartbeat = encoded { FrameEncoder.heartbeat(counter: 1, into: &$0) }
        let server = try TestServer { StoreServer(beforeEachAnswer: heartbeat).serve($0) }
        let client = try BinaryClient.connect(address: server.address)
        #expect(try client.echo([1]) == [1])
        // The server's session has sent no heartbeat, so it refuses the client's reply and closes. That shows that the client
        // replied.
        #expect { try client.echo([2]) } throws: { error in
            guard case .refused(.wrongState, _, true) = (error as? BinaryClientError)?.reason else { return false }
            return true
        }
    }

    @Test func connectsByNameAndByPath() throws {
        let byName = try TestServer { StoreServer().serve($0) }
        let port = byName.address.split(separator: ":").last!
        #expect(try BinaryClient.connect(address: "localhost:\(port)").echo([1]) == [1])

        let path = "/tmp/martlet-client-test-\(getpid()).sock"
        defer { unlink(path) }
        let byPath = try TestServer(.unix(path: path)) { StoreServer().serve($0) }
        #expect(try BinaryClient.connect(address: byPath.address).echo([2]) == [2])
    }

    private static let hasIPv6 = (try? TestServer(.ipv6, serve: { _ in })) != nil

    @Test(.enabled(if: hasIPv6, "this machine has no IPv6")) func connectsByIPv6() throws {
        let byIPv6 = try TestServer(.ipv6) { StoreServer().serve($0) }
        #expect(try BinaryClient.connect(address: byIPv6.address).echo([3]) == [3])
    }
}
