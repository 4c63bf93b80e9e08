import Glibc
import PrivateMariaDB
import Server
import Synchronization
import Testing

/// A plugin that keeps its values in a database of the host.
@Suite struct DatabaseTests {
    private func folder(_ more: String = "", process: String = "") throws -> ServerFolder {
        let folder = try ServerFolder(process: "\(process)\n[databases.main]\nurl = \"sqlite:main.db\"\n")
        try folder.installFixture("keeps", more)
        return folder
    }

    private func connect(_ server: RunningServer) throws -> Lines { Lines(try server.connect(to: "keeps")) }

    @Test func whatWasAcknowledgedIsReadBack() throws {
        let server = try RunningServer(try folder())
        let peer = try connect(server)
        #expect(try peer.ask("put a 1") == "put a")
        #expect(try peer.ask("get a") == "get a 1 1")
        #expect(try peer.ask("get b") == "get b")
        #expect(try peer.ask("put a 2") == "put a")
        #expect(try connect(server).ask("get a") == "get a 2 2")
        // The probe has run the migration, in memory.
        #expect(!server.log.contains("not exercised"), "\(server.log)")
    }

    @Test func aFunctionRunsInATransaction() throws {
        let server = try RunningServer(try folder())
        let peer = try connect(server)
        #expect(try peer.ask("add a 40") == "add a")
        #expect(try peer.ask("add a 2") == "add a")
        #expect(try peer.ask("get a") == "get a 42 42")
        // The function finds out after it has changed something.
        #expect(try peer.ask("add a 999") == "error 15: the plugin has undone it")
        #expect(try peer.ask("get a") == "get a 42 42")
        let peers = try (0..<8).map { _ in try connect(server) }
        let threads = try peers.map { peer in
            try Background {
                for _ in 0..<50 {
                    let answer = try peer.ask("add b 1")
                    guard answer == "add b" else { throw Failure(answer) }
                }
            }
        }
        for thread in threads { try thread.value() }
        #expect(try peer.ask("get b") == "get b 400 400")
    }

    @Test func aTransactionThatFailsLeavesNothing() throws {
        let server = try RunningServer(try folder())
        let peer = try connect(server)
        #expect(try peer.ask("put a bad") == "error 3: CHECK constraint failed: value <> 'bad'")
        #expect(try peer.ask("get a") == "get a")
    }

    @Test(arguments: [
        ("SELECT 1 UNION SELECT 2", "rows 2"), ("SELECT missing", "error 4: prepare: no such column: missing"),
        ("PRAGMA synchronous = OFF", "error 9: prepare: not authorized"),
        ("SELECT ?", "error 11: expected 1 parameters, found 0"),
    ])
    func errorsHaveAClassAndAText(_ sql: String, _ answer: String) throws {
        let server = try RunningServer(try folder("exercise = false\n[options]\nsql = \"\(sql)\""))
        let found = try connect(server).ask("sql")
        #expect(found == answer)
    }

    @Test func aDatabaseThatIsNotThereIsAProblemOfThePlugin() throws {
        let folder = try ServerFolder(process: "")
        try folder.installEcho()
        let server = try RunningServer(folder)
        try folder.installFixture("keeps")
        let entry = try server.reloaded("keeps")
        #expect(entry.outcome == .refused)
        #expect(
            entry.detail.contains("there is no database \"main\": martlet.toml has no table [databases.main]"),
            "\(entry.detail)")
        // A reload brings the database and the plugin that needs it.
        try folder.configure("[databases.main]\nurl = \"sqlite:main.db\"\n")
        #expect(try server.reloaded("keeps").outcome == .started)
        #expect(try connect(server).ask("put a 1") == "put a")
    }

    @Test func aSwapReconnectsNothingAndLosesNothing() throws {
        let server = try RunningServer(try folder())
        let writer = try connect(server)
        let stop = Count()
        let writing = try Background { [writer] in
            var index = 0
            while stop.value == 0 {
                let answer = try writer.ask("put k\(index % 10) \(index)")
                guard answer == "put k\(index % 10)" else { throw Failure("\(index): \(answer)") }
                index += 1
            }
            return index
        }
        for round in 1...20 {
            try server.folder.install(
                Fixture.library("keeps"), as: "keeps.so", appending: [UInt8](repeating: 1, count: round))
            let entry = try #require(try server.reload().entries.first)
            #expect(entry.outcome == .swapped, "\(entry.detail)")
        }
        stop.add()
        let count = try writing.value()
        #expect(count > 20)
        let last = count - 1
        #expect(try connect(server).ask("get k\(last % 10)") == "get k\(last % 10) \(last) \(last)")
    }

    /// Every acknowledged write is there, and no half of a transaction, whenever the host dies.
    @Test func aHostThatIsKilledLosesNothingAcknowledged() throws {
        // The plugin is not to blame.
        let server = try RunningServer(try folder("[limits]\ncrash_limit = 0"))
        server.mayCrash = true
        for round in 0..<10 {
            let (written, stop) = (Count(), Count())
            let writing = try (0..<8).map { number in
                let peer = try connect(server)
                return try Background {
                    var last = -1
                    // The host may take the connection over, or not.
                    while stop.value == 0, let answer = try? peer.ask("put w\(number) \(round * 1_000_000 + last + 1)")
                    {
                        guard answer == "put w\(number)" else { throw Failure(answer) }
                        last += 1
                        written.add()
                    }
                    return last
                }
            }
            let host = try #require(try server.processes.first { $0.role == .host }?.pid)
            let moment = Int.random(in: 1...400)
            try waitUntil("\(moment) writes are acknowledged") { written.value >= moment }
            kill(host, SIGKILL)
            try server.waitForHost(after: host)
            stop.add()
            let reader = try connect(server)
            for (number, thread) in writing.enumerated() {
                let last = try thread.value()
                let words = try reader.ask("get w\(number)").split(separator: " ").dropFirst(2).compactMap { Int($0) }
                #expect(words.isEmpty || words.count == 2 && words[0] == words[1], "round \(round): half of \(words)")
                // The one after the last may have been committed before its answer was sent.
                let found = (words.first ?? -1) - round * 1_000_000
                #expect(
                    found == last || found == last + 1 || last < 0, "round \(round): \(found), acknowledged \(last)")
            }
        }
    }

    @Test func aTransactionThatHangsEndsTheHost() throws {
        let server = try RunningServer(try folder("[limits]\nhang_timeout = \"500ms\"\ncrash_limit = 0"))
        server.mayCrash = true
        let peer = try connect(server)
        #expect(try peer.ask("put a 1") == "put a")
        let host = try #require(try server.processes.first { $0.role == .host }?.pid)
        try peer.send("add a -1\n")
        try server.waitForHost(after: host)
        try waitUntil("the log says why") { server.log.contains("callback=transact") }
        #expect(server.log.contains("this host is ended (hang_timeout)"), "\(server.log)")
        #expect(try connect(server).ask("get a") == "get a 1 1")
    }

    // MARK: MariaDB

    @Test func aPoolOfMariaDBServesTheSamePlugin() throws {
        let database = try PrivateMariaDB(options: ["--innodb-flush-log-at-trx-commit=1"])
        try database.administer(
            "CREATE DATABASE shop", "CREATE USER u@localhost IDENTIFIED BY 'very-secret'",
            "GRANT ALL ON shop.* TO u@localhost")
        let folder = try ServerFolder(
            process: """
                [databases.main]
                url = "mariadb://u@/shop?socket=\(database.socket)"
                password_file = "password"
                """)
        try Files.replace("\(folder.path)/password", with: Array("very-secret\n".utf8), mode: 0o600)
        try folder.installFixture("keeps")
        let server = try RunningServer(folder)
        let peer = try connect(server)
        #expect(try peer.ask("put a 1") == "put a")
        #expect(try peer.ask("add a 41") == "add a")
        #expect(try peer.ask("get a") == "get a 42 42")
        #expect(try peer.ask("put a bad").hasPrefix("error 3: "))

        // A swap connects nothing again.
        let made = try row(folder).report.made
        for round in 1...5 {
            try server.folder.install(
                Fixture.library("keeps"), as: "keeps.so", appending: [UInt8](repeating: 1, count: round))
            let entry = try #require(try server.reload().entries.first)
            #expect(entry.outcome == .swapped, "\(entry.detail)")
            #expect(try peer.ask("add a 1") == "add a")
        }
        #expect(try row(folder).report.made == made)

        // Its end and its return.
        database.kill()
        #expect(try peer.ask("put a 2").hasPrefix("error 2: "))
        try waitUntil("it is away") { try row(folder).report.state == "away" }
        try database.start()
        try waitUntil("it is healthy", within: .seconds(30)) { try row(folder).report.state == "healthy" }
        #expect(try peer.ask("get a") == "get a 47 47")

        // The password is nowhere.
        for command in [["databases", "--json"], ["databases", "show", "main"], ["status"], ["config", "check"]] {
            let result = try Subprocess.run(BuildFolder.martlet, command + ["--config", folder.processFile])
            #expect(!result.output.contains("secret") && !result.errors.contains("secret"), "\(command)")
        }
        #expect(!server.log.contains("secret"))
    }

    private func row(_ folder: ServerFolder) throws -> DatabaseRow {
        try #require(try decodeJSON([DatabaseRow].self, from: folder.martlet("databases", "--json").output).first)
    }

    // MARK: Command line

    @Test func theCommandLineShowsAndControlsThePool() throws {
        let folder = try folder()
        let server = try RunningServer(folder)
        let peer = try connect(server)
        #expect(try peer.ask("put a 1") == "put a")
        #expect(try peer.ask("get a") == "get a 1 1")
        let list = try folder.martlet("databases")
        #expect(list.output.split(separator: "\n").count == 2 && list.output.contains("main"), "\(list.output)")
        let row = try #require(
            try decodeJSON([DatabaseRow].self, from: folder.martlet("databases", "--json").output).first)
        #expect(row.host == "shared" && row.report.state == "healthy" && row.report.commits >= 2)
        #expect(try folder.martlet("databases", "pause", "main").status == 0)
        try peer.send("get a")
        try waitUntil("it waits") {
            try decodeJSON([DatabaseRow].self, from: folder.martlet("databases", "--json").output).first?.report.waiting
                == 1
        }
        let shown = try folder.martlet("databases", "resume", "main")
        #expect(shown.status == 0 && shown.output.contains("main (sqlite, host shared)"), "\(shown.output)")
        #expect(try peer.hear() == "get a 1 1")
        #expect(try folder.martlet("databases", "resize", "main", "--min", "2", "--max", "3").status == 0)
        #expect(try folder.martlet("databases", "evict", "main").status == 0)
        let unknown = try folder.martlet("databases", "show", "other")
        #expect(unknown.status == 1)
        #expect(
            unknown.errors == "martlet: other: no plugin has opened a database of this name; see: martlet databases\n")
    }

    @Test func metricsTellOfThePool() throws {
        let folder = try folder(process: "metrics_listen = \"127.0.0.1:0\"")
        let server = try RunningServer(folder)
        let peer = try connect(server)
        #expect(try peer.ask("put a 1") == "put a")
        #expect(try peer.ask("get a") == "get a 1 1")
        let before = try PrometheusPage(folder.martlet("metrics").output)
        #expect(try peer.ask("put a bad").hasPrefix("error 3: "))
        let page = try PrometheusPage(folder.martlet("metrics").output)
        func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
            page.value("martlet_database_\(name)", labels.merging(["database": "main"]) { one, _ in one })
        }
        #expect(value("state", ["state": "healthy"]) == 1 && value("state", ["state": "away"]) == 0)
        #expect(value("connections", ["state": "idle"]) == 1 && value("connections", ["state": "busy"]) == 0)
        #expect(value("waiting") == 0)
        // The migration, three of the peer, and perhaps more of the plugin.
        #expect(try #require(value("jobs_total")) >= 4)
        // The migration has looked for a table that was not there yet.
        let failures = try #require(before.value("martlet_database_failures_total", ["database": "main"]))
        #expect(value("failures_total") == failures + 1)
        #expect(try #require(value("commits_total")) >= 2)
        #expect(value("connections_made_total") == 1)
        #expect(try #require(value("wait_seconds_total")) >= 0)
    }

    /// Its pools are missing then, and nothing else is.
    @Test func metricsDoNotWaitForAHostThatHangs() throws {
        let folder = try folder("[limits]\ncrash_limit = 0")
        let server = try RunningServer(folder)
        #expect(try connect(server).ask("put a 1") == "put a")
        let host = try #require(try server.processes.first { $0.role == .host }?.pid)
        kill(host, SIGSTOP)
        defer { kill(host, SIGCONT) }
        let page = try PrometheusPage(folder.martlet("metrics").output)
        #expect(page.families["martlet_database_state"] == nil)
        #expect(page.value("martlet_accepted_total", ["listener": "keeps"]) == 1)
        kill(host, SIGCONT)
        try waitUntil("it answers again") {
            try PrometheusPage(folder.martlet("metrics").output).families["martlet_database_state"] != nil
        }
    }

    @Test func aFileBelongsToOneServer() throws {
        let first = try RunningServer(try folder())
        #expect(try connect(first).ask("put a 1") == "put a")
        let path = first.folder.path + "/main.db"
        let other = try ServerFolder(
            process:
                "[databases.main]\nacquire_timeout = \"1s\"\nurl = \"sqlite:\(path)\"\n")
        try other.installFixture("keeps", "[options]\nsql = \"DELETE FROM pairs\"")
        let second = try RunningServer(other)
        let answer = try connect(second).ask("put a 2")
        #expect(
            answer.hasPrefix("error 1: \(path): process ") && answer.hasSuffix(" has it open for writing"), "\(answer)")
        #expect(try connect(second).ask("get a") == "get a 1 1")
    }
}

private final class Count: Sendable {
    private let number = Atomic<Int>(0)
    var value: Int { number.load(ordering: .relaxed) }
    func add() { number.wrappingAdd(1, ordering: .relaxed) }
}
