import Server
import Synchronization
import Testing

/// Swaps of the http plugin while clients send requests. Every answer is complete, and no answer is more than one generation older than
/// the newest that its client has seen.
@Suite(.serialized) struct HTTPSwapTests {
    @Test func everyAnswerIsCompleteAcrossFiftySwaps() throws {
        let folder = try ServerFolder()
        try install(0, in: folder)
        let server = try RunningServer(folder)
        let address = try server.address(of: "http")
        let stopped = Flag()
        let clients = try (0..<2).map { _ in try Background { try Client(address).run(until: stopped) } }
        for swap in 1...50 {
            try install(swap, in: folder)
            #expect(try server.reload("http") == .swapped)
        }
        stopped.set()
        var answers = 0
        for client in clients {
            let tally = try client.value()
            #expect(tally.newest == 50, "expected the last connections to get the last generation")
            answers += tally.answers
        }
        print("50 swaps of http: \(answers) answers, all whole")
        #expect(answers > 200)
        try waitUntil("only the last generation is left") {
            try server.listener("http")?.generations.map(\.generation) == [51]
        }
    }

    /// Every second swap brings a new image, and every swap new options.
    private func install(_ swap: Int, in folder: ServerFolder) throws {
        try folder.install(BuildFolder.plugin("HTTPPlugin"), as: "http.so", appending: [UInt8(swap / 2)])
        let padding = String(repeating: "x", count: swap * 40)
        try folder.listen(
            "http", plugin: "http.so", "[[options.routes]]\npath = \"/\"\ntext = \"\(swap) \(padding)\"")
    }

    private struct Tally {
        var answers = 0
        var newest = 0
    }

    /// Asks ten times on each connection.
    private struct Client {
        private let address: ServerAddress
        private var tally = Tally()

        init(_ address: ServerAddress) { self.address = address }

        func run(until stopped: Flag) throws -> Tally {
            var client = self
            while !stopped.isSet { try client.visit() }
            // This one certainly begins after the last swap.
            try client.visit()
            return client.tally
        }

        private mutating func visit() throws {
            let peer = try HTTPPeer(address)
            for _ in 0..<10 {
                let answer = try peer.get("/")
                let swap = Int(answer.text.prefix { $0 != " " }) ?? -1
                let expected = "\(swap) " + String(repeating: "x", count: swap * 40)
                guard answer.status == 200, answer.text == expected else { throw Failure("damaged: \(answer)") }
                // A commit reaches one loop after another, so another loop may still answer with the previous generation.
                guard swap >= tally.newest - 1 else { throw Failure("generation \(swap) after \(tally.newest)") }
                tally.newest = max(tally.newest, swap)
                tally.answers += 1
            }
        }
    }

    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool { value.load(ordering: .relaxed) }
        func set() { value.store(true, ordering: .relaxed) }
    }
}
