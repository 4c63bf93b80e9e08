import BinaryWire
import Glibc
import Testing

/// The memory of the store in the real server.
@Suite(.serialized) struct BinaryMemoryTests {
    private static let total = 150_000_000
    private static let sizes = [1_000, 20_000, 200_000]

    /// Freed memory must return to the system. Otherwise a store that was large for an hour would occupy its memory for ever.
    ///
    /// The values have sizes that the store keeps in different ways, and they are mixed in memory.
    @Test func returnsTheMemoryOfDeletedKeys() throws {
        let folder = try ServerFolder()
        try folder.serveBinary(version: 1, "max_store_bytes = \"1GiB\"")
        let server = try RunningServer(folder)
        let client = try BinaryPeer(try server.address(of: "binary"))
        // Exclude what the server itself allocates for the first requests.
        for size in Self.sizes { try put(0, size, client) }
        #expect(try clear(server) == "\(Self.sizes.count)")
        let before = try server.ownBytes

        var bytes = 0
        var keys = 0
        while bytes < Self.total {
            // One value of 200 kB for every 10 of 20 kB and 200 of 1 kB: each size makes up a third of the bytes.
            for (size, count) in zip(Self.sizes, [200, 10, 1]) {
                for _ in 0..<count {
                    try put(keys, size, client)
                    keys += 1
                }
                bytes += size * count
            }
        }
        let full = try server.ownBytes
        #expect(full >= before + UInt64(bytes))

        let (removed, time) = try measure { try clear(server) }
        #expect(removed == "\(keys)")
        let after = try server.ownBytes
        print("resident: \(before >> 20) MB, \(full >> 20) MB with \(keys) keys, \(after >> 20) MB without; \(time)")
        #expect(after < before + Sanitizer.bytes(16_000_000))
    }

    /// A plugin's image stays in the process after its last generation has ended. The memory of its store does not.
    @Test func anEndedGenerationFreesItsStore() throws {
        let folder = try ServerFolder()
        let options = "heartbeat_interval = \"0s\""
        try folder.serveBinary(version: 0, options)
        let server = try RunningServer(folder)
        let before = try server.ownBytes
        for version in 1...20 {
            let client = try BinaryPeer(try server.address(of: "binary"))
            for number in 0..<15 { try put(number, 200_000, client) }
            client.peer.close()
            try folder.serveBinary(version: version, options)
            #expect(try server.reload("binary") == .swapped)
            try waitUntil("the old generation has ended") { try server.generations(of: "binary").count == 1 }
        }
        let after = try server.ownBytes
        print("resident: \(before >> 20) MB, \(after >> 20) MB after 20 generations with 3 MB each")
        #expect(after < before + Sanitizer.bytes(30_000_000))
    }

    private func put(_ number: Int, _ size: Int, _ client: BinaryPeer) throws {
        let key = Array("key \(number) of \(size)".utf8)
        let value = [UInt8](repeating: 0x56, count: size)
        try client.peer.send(client.make { session throws(RequestRefusal) in try session.put(key: key, value: value) })
        guard try client.nextAnswer() == .stored else { throw Failure("put \(number) of \(size): not stored") }
    }

    private func clear(_ server: RunningServer) throws -> String {
        let result = try server.folder.martlet("call", "binary", "clear", "")
        guard result.status == 0 else { throw Failure(result.errors) }
        return result.output.filter { !$0.isNewline }
    }
}
