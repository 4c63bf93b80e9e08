import MartletKitTesting
import Testing

@testable import BinaryPlugin
@testable import BinaryWire

@Suite struct ScanTests {
    private func entries(_ keys: String...) -> [Reply.Entry] { keys.map { Reply.Entry(key: $0, value: "v" + $0) } }

    private func filled(_ host: SimulatedHost, _ keys: String...) -> Client {
        let client = Client(host)
        for key in keys { _ = client.put(key, "v" + key) }
        return client
    }

    @Test(arguments: stores) func findsKeysByPrefixInOrder(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store)])
        let client = filled(host, "b", "a/2", "a/10", "a", "a/1", "c", "a0")
        #expect(client.scan("a/") == [.scan(entries("a/1", "a/10", "a/2"), more: false)])
        #expect(client.scan("a") == [.scan(entries("a", "a/1", "a/10", "a/2", "a0"), more: false)])
        #expect(client.scan("x") == [.scan([], more: false)])
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func continuesAfterTheCursor(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store)])
        let client = filled(host, "a", "b", "ba", "c")
        #expect(client.scan(limit: 2) == [.scan(entries("a", "b"), more: true)])
        #expect(client.scan(after: "b", limit: 2) == [.scan(entries("ba", "c"), more: false)])
        #expect(client.scan(after: "aa") == [.scan(entries("b", "ba", "c"), more: false)])
        // The cursor need not have the prefix.
        #expect(client.scan("b", after: "a") == [.scan(entries("b", "ba"), more: false)])
        #expect(client.scan("b", after: "c") == [.scan([], more: false)])
        #expect(client.scan("b", after: "b", limit: 1) == [.scan(entries("ba"), more: false)])
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func limitsTheEntriesOfAnAnswer(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store), "scan_limit": 2])
        let client = filled(host, "a", "b", "c")
        #expect(client.scan() == [.scan(entries("a", "b"), more: true)])
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func limitsTheSizeOfAnAnswerButSendsOneEntry(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store), "scan_bytes": 4_096])
        let client = Client(host)
        let large = String(repeating: "x", count: 3_000)
        let huge = String(repeating: "y", count: 10_000)
        for (key, value) in [("a", large), ("b", large), ("c", huge)] { _ = client.put(key, value) }
        #expect(client.scan() == [.scan([Reply.Entry(key: "a", value: large)], more: true)])
        #expect(client.scan(after: "a") == [.scan([Reply.Entry(key: "b", value: large)], more: true)])
        #expect(client.scan(after: "b") == [.scan([Reply.Entry(key: "c", value: huge)], more: false)])
        #expect(host.shutDown() == [])
    }

    @Test(arguments: stores) func refusesAnEntryLargerThanTheClientAccepts(store: String) throws {
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store)])
        _ = Client(host).put("a", String(repeating: "x", count: 5_000))
        let small = Client(host, maximumPayload: 4_096)
        for replies in [small.scan(), small.get("a")] {
            guard case .failed(.answerTooLarge, _) = replies.first else {
                Issue.record("expected answer-too-large, found \(replies)")
                continue
            }
        }
        #expect(small.connection.isOpen)
        #expect(host.shutDown() == [])
    }
}
