import Glibc
import PrivateMariaDB
import Synchronization
import Testing

/// `martlet databases backup` and `martlet databases integrity`, while a plugin writes.
@Suite struct BackupTests {
    private let folder: ServerFolder

    init() throws {
        folder = try ServerFolder(process: "[databases.main]\nurl = \"sqlite:main.db\"\n")
        try folder.installFixture("keeps")
    }

    private var copy: String { folder.path + "/copy.db" }

    private func connect(_ server: RunningServer) throws -> Peer { try server.connect(to: "keeps") }

    private func backup(_ path: String, _ more: String...) throws -> Subprocess.Result {
        try Subprocess.run(
            BuildFolder.martlet, ["databases", "backup", "main", path, "--config", folder.processFile] + more)
    }

    /// Asks a server whose database is the copy.
    private func ask(_ copy: String, _ line: String) throws -> String {
        let folder = try ServerFolder(process: "[databases.main]\nurl = \"sqlite:\(copy)\"\n")
        try folder.installFixture("keeps")
        let server = try RunningServer(folder)
        defer { withExtendedLifetime(server) {} }
        return try connect(server).ask(line)
    }

    /// Both halves of each pair are written together, and so they are in each copy.
    @Test func aCopyIsWholeWhileAPluginWrites() throws {
        let server = try RunningServer(folder)
        let first = try connect(server)
        #expect(try first.ask("put a 1") == "put a")
        let (stop, written) = (Count(), Count())
        let address = try server.address(of: "keeps")
        let writing = try Background {
            let peer = try Peer(address)
            var number = 0
            while stop.value == 0 {
                let answer = try peer.ask("put k \(number)")
                guard answer == "put k" else { throw Failure(answer) }
                number += 1
                written.add()
            }
        }
        try waitUntil("it writes") { written.value > 10 }
        for round in 0..<5 {
            let before = written.value
            let result = try backup(copy, "--force", "--json")
            #expect(result.status == 0, "\(result.errors)")
            try waitUntil("it still writes") { written.value > before }
            let words = try ask(copy, "get k").split(separator: " ").compactMap { Int($0) }
            #expect(words.count == 2 && words[0] == words[1] && words[0] >= before - 1, "round \(round): \(words)")
            #expect(try ask(copy, "get a") == "get a 1 1")
            for suffix in ["-lock", "-wal", "-shm"] { unlink(copy + suffix) }
        }
        stop.add()
        try writing.value()
        #expect(server.log.contains("database backup done"), "\(server.log)")
    }

    @Test func aCopyIsForTheUserOfTheHostAlone() throws {
        let server = try RunningServer(folder)
        #expect(try connect(server).ask("put a 1") == "put a")
        let result = try backup(copy)
        #expect(result.status == 0 && result.output.hasPrefix("main: "), "\(result)")
        #expect(result.output.contains(" written to \(copy) in "), "\(result.output)")
        var status = stat()
        #expect(stat(copy, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(!Files.exists(copy + ".partial"))
    }

    @Test func whatCannotBeWrittenHasItsReason() throws {
        let server = try RunningServer(folder)
        #expect(try connect(server).ask("put a 1") == "put a")
        #expect(try backup(copy).status == 0)
        for (path, problem) in [
            (copy, "\(copy) is there already; to replace it: --force"),
            ("/nowhere/x.db", "open /nowhere/x.db.partial: No such file or directory"),
        ] {
            let result = try backup(path)
            #expect(result.status == 1 && result.errors == "martlet: main: \(problem)\n", "\(result)")
        }
        let own = try backup(folder.path + "/main.db", "--force")
        #expect(own.status == 1 && own.errors.contains("main.db is a database of Martlet"), "\(own)")
        let unknown = try folder.martlet("databases", "backup", "other", "/tmp/x")
        #expect(unknown.status == 1)
        #expect(
            unknown.errors == "martlet: other: no plugin has opened a database of this name; see: martlet databases\n")
        #expect(try connect(server).ask("get a") == "get a 1 1")
    }

    /// The disk of the copy, and not that of the database.
    @Test(.enabled(if: ReadersMachine.isAvailable, "namespaces are not available"))
    func aFullDiskEndsTheBackupAndNothingElse() throws {
        let disk = folder.path + "/disk"
        #expect(mkdir(disk, 0o700) == 0)
        let server = try RunningServer(
            folder,
            launcher: ["unshare"] + (geteuid() == 0 ? [] : ["--user", "--map-root-user"])
                + ["--mount", "sh", "-ec", "mount -t tmpfs -o size=256k tmpfs '\(disk)'; exec \"$@\"", "sh"])
        let peer = try connect(server)
        for number in 0..<40 {
            let value = String(repeating: "v", count: 60)
            for half in 0..<50 { try peer.send("put k\(number)-\(half) \(value)\n") }
            for half in 0..<50 { #expect(try peer.receiveLine() == "put k\(number)-\(half)") }
        }
        let result = try backup(disk + "/copy.db")
        #expect(result.status == 1)
        #expect(result.errors.contains("\(disk)/copy.db.partial: no space is left, after "), "\(result.errors)")
        #expect(try peer.ask("put a 1") == "put a")
        #expect(try backup(copy).status == 0)
    }

    @Test func integritySaysWhatIsWrong() throws {
        let server = try RunningServer(folder)
        #expect(try connect(server).ask("put a 1") == "put a")
        let good = try folder.martlet("databases", "integrity", "main")
        #expect(good.status == 0 && good.output.hasPrefix("main: in order, checked in "), "\(good)")
        let json = try folder.martlet("databases", "integrity", "main", "--json")
        #expect(json.status == 0 && json.output.contains("\"problems\" : [\n\n  ]"), "\(json.output)")
        // Another program, which may not do this.
        let damage = """
            PRAGMA writable_schema = ON;
            CREATE TABLE parents (k PRIMARY KEY);
            CREATE TABLE children (k REFERENCES parents);
            INSERT INTO children VALUES (7);
            """
        let done = try Subprocess.run(
            "python3",
            [
                "-c", "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])",
                folder.path + "/main.db", damage,
            ])
        #expect(done.status == 0, "\(done.errors)")
        let bad = try folder.martlet("databases", "integrity", "main")
        #expect(bad.status == 1)
        #expect(
            bad.output
                == "main: table children, row 1: refers to a row of parents that is not there (foreign key 0)\n")
        try server.waitForLog("database is damaged")
    }

    @Test func anInterruptedBackupLeavesNothing() throws {
        let server = try RunningServer(folder)
        let peer = try connect(server)
        #expect(try peer.ask("put a 1") == "put a")
        // Enough pages that the command comes in time.
        let fill = """
            import sqlite3, sys
            with sqlite3.connect(sys.argv[1]) as file:
                file.execute("CREATE TABLE filler (x)")
                file.executemany("INSERT INTO filler VALUES (zeroblob(1000000))", [()] * 100)
            """
        let filled = try Subprocess.run("python3", ["-c", fill, folder.path + "/main.db"])
        #expect(filled.status == 0, "\(filled.errors)")
        // The host answers only after the signal, so the backup has not ended before.
        let host = try #require(try server.processes.first { $0.role == .host }?.pid)
        kill(host, SIGSTOP)
        defer { kill(host, SIGCONT) }
        let process = try Subprocess(
            BuildFolder.martlet, ["databases", "backup", "main", copy, "--config", folder.processFile])
        try waitUntil("it listens to signals") {
            let status = try Files.text("/proc/\(process.pid)/status").split(separator: "\n")
            let caught = status.first { $0.hasPrefix("SigCgt:") }?.split(separator: "\t").last
            return try UInt64(#require(caught), radix: 16)! & 1 << (UInt64(SIGINT) - 1) != 0
        }
        process.signal(SIGINT)
        kill(host, SIGCONT)
        let result = try process.wait()
        #expect(result.status == 1 && result.errors == "martlet: main: it was cancelled\n", "\(result)")
        #expect(!Files.exists(copy) && !Files.exists(copy + ".partial"))
        #expect(try peer.ask("get a") == "get a 1 1")
    }

    @Test func ofMariaDBItNamesTheToolsOfMariaDB() throws {
        let database = try PrivateMariaDB()
        try database.administer("CREATE DATABASE shop")
        let folder = try ServerFolder(
            process: "[databases.main]\nurl = \"mariadb://root@/shop?socket=\(database.socket)\"\n")
        try folder.installFixture("keeps")
        let server = try RunningServer(folder)
        #expect(try connect(server).ask("put a 1") == "put a")
        for (command, tool) in [
            (["backup", "main", copy], "mariadb-dump --single-transaction shop"),
            (["integrity", "main"], "CHECK TABLE, or mariadb-check shop"),
        ] {
            let result = try Subprocess.run(
                BuildFolder.martlet, ["databases"] + command + ["--config", folder.processFile])
            #expect(result.status == 1)
            #expect(
                result.errors
                    == "martlet: main: main is a database of MariaDB, and this is for SQLite; try: \(tool)\n")
        }
    }
}

private final class Count: Sendable {
    private let number = Atomic<Int>(0)
    var value: Int { number.load(ordering: .relaxed) }
    func add() { number.wrappingAdd(1, ordering: .relaxed) }
}
