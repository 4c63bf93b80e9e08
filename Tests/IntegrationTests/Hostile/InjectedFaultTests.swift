import Glibc
import LoadGenerator
import MartletClient
import TestInput
import Testing

extension Hostile {
    /// System calls that fail at random (`FaultInjection`; debug builds only).
    @Suite struct InjectedFaults {
        private static let harmless = "eintr=50,short=100"
        private static let harmful = "eintr=20,short=50,reset=20,emfile=50,enomem=50"

        private func target(_ faults: String, _ process: String = "") throws -> Target {
            print("injected faults: MARTLET_TORTURE_SEED=\(Torture.seed)")
            return try Target(process: process, faults: "seed=\(Torture.seed),\(faults)")
        }

        // MARK: Interruptions and short writes: no client notices

        @Test(arguments: [(64, 1), (4_000, 8), (100_000, 2)])
        func echoIsExact(messageSize: Int, depth: Int) throws {
            let target = try target(Self.harmless)
            var load = EchoLoad(
                address: try TargetAddress(target.addresses["echo"]!.text),
                ending: .after(.milliseconds(700 * Torture.factor)), seed: Torture.seed)
            load.connections = 16
            load.messageSize = messageSize
            load.depth = depth
            load.answerTimeout = .seconds(20)
            let report = try load.run()
            #expect(report.isClean, "\(report.firstFailure ?? "")")
            #expect(report.messages > 0)
            try target.expectUnharmed()
        }

        @Test func requestsAndBodiesAreExact() throws {
            let target = try target(Self.harmless)
            try Torture.repeated("HTTP with short writes", seconds: 1) { generator in
                let client = try HTTPPeer(target.addresses["http"]!)
                for _ in 0..<5 {
                    let body = generator.bytes(generator.below(200_000))
                    try client.send("POST", "/echo", ["Content-Length: \(body.count)"])
                    let sender = try Background { [descriptor = client.peer.descriptor] in
                        try sendAll(body, to: descriptor)
                    }
                    guard try client.answer().body == body else { throw Failure("a body came back changed") }
                    try sender.value()
                    let count = 1 + generator.below(50)
                    try client.peer.send(String(repeating: "GET / HTTP/1.1\r\nHost: x\r\n\r\n", count: count))
                    for _ in 0..<count {
                        guard try client.answer().text == "hello" else { throw Failure("an answer is wrong") }
                    }
                }
            }
            try target.expectUnharmed()
        }

        /// epoll_ctl(2) fails at random when the server watches a listening socket again after a limit.
        @Test func watchingAListeningSocketIsRetried() throws {
            let folder = try ServerFolder(process: "loops = 1")
            try folder.installShout("exercise = false\n[limits]\naccept_rate = 200\naccept_burst = 1")
            let inject = "MARTLET_INJECT=seed=\(Torture.seed),watch=500"
            let server = try RunningServer(folder, launcher: ["env", inject])
            let address = try server.address(of: "shout")
            for index in 0..<30 { #expect(try Peer(address).ask("peer \(index)") == "PEER \(index)") }
            #expect(try server.status().loops[0].pausesForResources > 0)
        }

        @Test func aFileIsExact() throws {
            let folder = try ServerFolder()
            let file = patternBytes(1_500_000, seed: Torture.seed)
            try folder.install(BuildFolder.plugin("HTTPPlugin"), as: "http.so")
            try folder.listen(
                "http", plugin: "http.so",
                "exercise = false\n[[options.routes]]\npath = \"/\"\nroot = \"public\"")
            mkdir(folder.file("public"), 0o755)
            try Files.replace(folder.file("public/large.bin"), with: file)
            let inject = "MARTLET_INJECT=seed=\(Torture.seed),\(Self.harmless)"
            let server = try RunningServer(folder, launcher: ["env", inject])
            for _ in 0..<Torture.factor {
                let client = try HTTPPeer(server.address(of: "http"))
                for _ in 0..<2 { expectSame(try client.get("/large.bin").body, file) }
            }
        }

        @Test func valuesAreExact() throws {
            let target = try target(Self.harmless)
            try Torture.repeated("binary with short writes", seconds: 1) { generator in
                let client = try MartletClient(target.addresses["binary"]!.text)
                for _ in 0..<5 {
                    let (key, value) = (generator.bytes(20), generator.bytes(generator.below(100_000)))
                    try AsyncThread.run {
                        try await client.put(key, value, timeout: .seconds(20))
                        let found = try await client.get(key, timeout: .seconds(20))
                        guard found == value else { throw Failure("a value came back changed") }
                        try await client.delete(key, timeout: .seconds(20))
                    }
                }
            }
            try target.expectUnharmed()
        }

        @Test func linesAreExactOnWorkers() throws {
            let folder = try ServerFolder()
            try folder.installFixture("blocks", "exercise = false")
            let inject = "MARTLET_INJECT=seed=\(Torture.seed),\(Self.harmless)"
            let server = try RunningServer(folder, launcher: ["env", inject])
            let peer = try server.connect(to: "blocks")
            #expect(try peer.receiveLine() == "0 hello worker")
            for number in 1...(500 * Torture.factor) {
                try #require(try peer.ask("x\(number)") == "\(number) x\(number) worker")
            }
        }

        // MARK: Resets, and lack of descriptors and memory: some peers fail, the server survives

        @Test(arguments: ["", "dispatch = \"workers\""])
        func theServerSurvivesAndLosesNoDescriptor(dispatch: String) throws {
            print("injected faults: MARTLET_TORTURE_SEED=\(Torture.seed)")
            let target = try Target(dispatch: dispatch, faults: "seed=\(Torture.seed),\(Self.harmful)")
            var outcomes = (served: 0, failed: 0)
            try Torture.repeated("faults that harm", seconds: 3) { generator in
                let name = Target.listeners[generator.below(Target.listeners.count)]
                // An answer may be incomplete, but every byte of it must be right.
                if try visit(target, name, &generator) { outcomes.served += 1 } else { outcomes.failed += 1 }
                guard target.server.process.isRunning else { throw Failure("server exited: \(target.server.log)") }
            }
            print("faults that harm: \(outcomes)")
            #expect(outcomes.served > outcomes.failed)
            try waitUntil("all connections are gone") { try target.server.openConnections == 0 }
            try waitUntil("every listener serves") { (try? target.serveEverybody()) != nil }
            try target.expectQuiet()
        }

        /// Whether the peer got all of its answers.
        private func visit(_ target: Target, _ name: String, _ generator: inout SeededGenerator) throws -> Bool {
            let peer = try Peer(target.addresses[name]!, timeout: .seconds(10))
            let bytes = generator.bytes(1 + generator.below(60_000)).map { 0x61 + $0 % 26 }
            let (request, expected) = Self.exchange(name, bytes)
            guard (try? peer.send(request)) != nil else { return false }
            var found: [UInt8] = []
            while found.count < expected.count, let some = try? peer.receiveSome(), !some.isEmpty { found += some }
            if name == "http", let end = found.firstRange(of: Array("\r\n\r\n".utf8)) {
                found.removeFirst(end.upperBound)
                while found.count < expected.count, let some = try? peer.receiveSome(), !some.isEmpty { found += some }
            } else if name == "http" {
                return false
            }
            guard found == Array(expected.prefix(found.count)) else { throw Failure("\(name): wrong answer") }
            return found.count == expected.count
        }

        private static func exchange(_ name: String, _ bytes: [UInt8]) -> (request: [UInt8], expected: [UInt8]) {
            let line = bytes + [0x0A]
            let shouted = bytes.map { $0 - 0x20 } + [0x0A]
            switch name {
            case "shout": return (line, shouted)
            case "proxied": return (Array(ProxyLine.text("192.0.2.7").utf8) + line, shouted)
            case "http":
                let head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: \(bytes.count)\r\n\r\n"
                return (Array(head.utf8) + bytes, bytes)
            // The binary protocol begins with a handshake, so its plugin refuses raw bytes.
            case "binary": return (bytes, [])
            default: return (bytes, bytes)
            }
        }
    }
}
