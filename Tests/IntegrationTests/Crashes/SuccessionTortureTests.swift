import Glibc
import Server
import TestInput
import Testing

/// The shipped protocols under load while their host is killed, crashes, hangs, is renewed, and loses keepers, at random.
@Suite(.serialized) struct SuccessionTortureTests {
    private enum Event: CaseIterable {
        case kill, crash, hang, renew, keeper, killWhileRenewing
    }

    private static let threads = 2 + 4

    @Test func nobodyGetsAWrongByteAndFewNoticeAnything() throws {
        print("succession torture: MARTLET_TORTURE_SEED=\(Torture.seed)")
        var generator = SeededGenerator(seed: Torture.seed)
        let server = try Self.server()
        server.mayCrash = true
        let clients = try Self.clients(server)
        let idle = try (0..<200).map { _ in try server.connect(to: "echo") }
        for (number, peer) in idle.enumerated() { #expect(try peer.ask("\(number)") == "\(number)") }
        var deaths = 0
        for round in 0..<6 * Torture.factor {
            // Each kind at least once.
            let event =
                round < Event.allCases.count
                ? Event.allCases[round] : Event.allCases[generator.below(Event.allCases.count)]
            let losses = clients.map(\.losses)
            try disturb(server, event, &generator)
            // A round may have been under way. The next ones need a host that lives.
            let before = clients.map(\.rounds)
            if event != .renew, event != .keeper { deaths += 1 }
            try waitUntil("all go on after \(event), round \(round)", within: .seconds(60)) {
                zip(clients, before).allSatisfy { $0.rounds > $1 + 1 || $0.hasFailed }
            }
            if event == .renew || event == .keeper { #expect(clients.map(\.losses) == losses, "\(event)") }
        }
        for client in clients {
            do { try client.finish() } catch { Issue.record("\(client.name): \(error)") }
        }
        // A store's peers are lost each time; of the others, what a thread was working on.
        for client in clients where client.name != "store" {
            #expect(client.losses <= deaths * 2, "\(client.name): \(client.losses) losses in \(deaths) deaths")
        }
        var lost = 0
        for (number, peer) in idle.enumerated() where (try? peer.ask("still \(number)")) != "still \(number)" {
            lost += 1
        }
        #expect(lost <= deaths * Self.threads)
        for (count, line) in Losses(server).lines where count > 0 {
            let reasons = line.split(separator: " ").filter { $0.hasPrefix("lost_") }.map {
                $0.split(separator: "=").map(String.init)
            }
            let unusual = reasons.filter { !["lost_busy", "lost_policy", "lost_worker"].contains($0[0]) }
            #expect(unusual.isEmpty, "\(line)")
            let busy = reasons.filter { $0[0] != "lost_policy" }.reduce(0) { $0 + (Int($1[1]) ?? 0) }
            #expect(busy <= Self.threads, "\(line)")
        }
    }

    private func disturb(_ server: RunningServer, _ event: Event, _ generator: inout SeededGenerator) throws {
        let host = try server.host
        switch event {
        case .kill: Glibc.kill(host, SIGKILL)
        case .crash: try server.die("die segv")
        case .hang: try server.die("die hang")
        case .renew:
            let report = try #require(try server.ask("renew").renewal)
            #expect(report.closed == 0, "\(report)")
        case .keeper:
            let keepers = try server.allProcesses.filter { $0.role == .keeper && $0.name == "shared" }
            if let one = keepers.first { Glibc.kill(one.pid, SIGKILL) }
        case .killWhileRenewing:
            nonisolated(unsafe) let server = server
            let renewal = try Background { _ = try? server.ask("renew") }
            poll(nil, 0, Int32(generator.below(100)))
            let either = try server.processes.filter { $0.role == .host }
            if !either.isEmpty { Glibc.kill(either[generator.below(either.count)].pid, SIGKILL) }
            try renewal.value()
        }
        guard event != .renew, event != .keeper else { return }
        try waitUntil("a host runs", within: .seconds(60)) {
            guard let status = try? server.status(), status.hosts.contains(where: { $0.name == "shared" }) else {
                return false
            }
            return (try? server.connect(to: "echo").ask("here")) == "here"
        }
    }

    private static func server() throws -> RunningServer {
        let folder = try ServerFolder(process: "loops = 2\nworkers = 4")
        let limits = "[limits]\ncrash_limit = 0\n"
        try folder.installEcho(limits)
        try folder.listen("worker-echo", plugin: "echo.so", "dispatch = \"workers\"\n" + limits)
        try folder.install(BuildFolder.plugin("HTTPPlugin"), as: "http.so")
        try folder.listen("http", plugin: "http.so", "[[options.routes]]\npath = \"/echo\"\necho = true\n" + limits)
        try folder.install(BuildFolder.plugin("ChatPlugin"), as: "chat.so")
        try folder.listen("chat", plugin: "chat.so", limits)
        try folder.install(BuildFolder.plugin("RESPPlugin"), as: "store.so")
        try folder.listen("store", plugin: "store.so", limits)
        try folder.installDies(more: "exercise = false\n[limits]\ncrash_limit = 0\nhang_timeout = \"1s\"")
        return try RunningServer(folder)
    }

    /// Their answers depend on everything that they have said before.
    private static func clients(_ server: RunningServer) throws -> [StubbornClient] {
        var clients: [StubbornClient] = []
        for name in ["echo", "worker-echo"] {
            let address = try server.address(of: name)
            for stream in 0..<4 {
                clients.append(
                    try StubbornClient(name) {
                        let peer = try Peer(address)
                        nonisolated(unsafe) var round = 0
                        return {
                            round += 1
                            let text = "\(stream), \(round): " + String(repeating: "x", count: round * 37 % 5_000)
                            try StubbornClient.expect(peer.ask(text), text)
                        }
                    })
            }
        }
        let (http, chat, store) = (
            try server.address(of: "http"), try server.address(of: "chat"), try server.address(of: "store")
        )
        clients.append(
            try StubbornClient("http") {
                nonisolated(unsafe) let peer = try HTTPPeer(http)
                nonisolated(unsafe) var round = 0
                return {
                    round += 1
                    let body = String(repeating: "\(round)", count: round * 53 % 3_000 + 1)
                    try peer.send("POST", "/echo", ["Content-Length: \(body.utf8.count)"], body: body)
                    try StubbornClient.expect(peer.answer().text, body)
                }
            })
        clients.append(
            try StubbornClient("chat") {
                let peer = try Peer(chat)
                _ = try peer.receiveLine()
                try peer.send("/join room\n")
                while try peer.receiveLine() != "* you are in room" {}
                return {
                    // Others of it have left when their connections were lost.
                    let answer = try peer.ask("/who")
                    guard answer.hasPrefix("* here: ") || answer.hasSuffix("has left") else {
                        throw StubbornClient.WrongAnswer(description: answer)
                    }
                }
            })
        clients.append(
            try StubbornClient("store") {
                let peer = try Peer(store)
                nonisolated(unsafe) var round = 0
                let key = "key-\(UInt64.random(in: 0 ... .max))"
                return {
                    round += 1
                    try StubbornClient.expect(peer.ask("INCR \(key)\r"), ":\(round)\r")
                }
            })
        return clients
    }
}
