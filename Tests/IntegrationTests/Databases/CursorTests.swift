import Glibc
import PrivateMariaDB
import Server
import Testing

/// A plugin that reads rows in batches, at the pace of its peer.
@Suite(.serialized) struct CursorTests {
    private static func numbers(_ count: Int, bytes: Int) -> String {
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count)) "
            + "SELECT i, printf('%0\(bytes)d', i) FROM n"
    }

    private static func options(_ sql: String) -> String { "[options]\nsql = \"\"\"\(sql)\"\"\"\n" }

    private func start(
        _ sql: String = numbers(1_000, bytes: 100), pool: String = "", listener: String = "", process: String = "",
        database: String = "url = \"sqlite:main.db\"", defines: [String: String] = [:]
    ) throws -> RunningServer {
        let folder = try ServerFolder(process: "\(process)\n[databases.main]\n\(database)\n\(pool)\n")
        try folder.install(Fixture.library("reads", defines: defines), as: "reads.so")
        try folder.listen("reads", plugin: "reads.so", "\(listener)\n\(Self.options(sql))")
        return try RunningServer(folder)
    }

    private func connect(_ server: RunningServer) throws -> Lines { Lines(try server.connect(to: "reads")) }

    private func row(_ server: RunningServer) throws -> DatabaseRow {
        try #require(
            try decodeJSON(
                [DatabaseRow].self, from: server.folder.martlet("databases", "show", "main", "--json").output
            )
            .first)
    }

    private func waitUntilFree(_ server: RunningServer) throws {
        try waitUntil("no cursor has a connection") { try row(server).report.cursors == 0 }
    }

    private static let refused = (closed: "refused -1", argument: "refused -2")

    // MARK: Batches

    @Test func rowsComeWhenTheyAreAskedFor() throws {
        let server = try start(Self.numbers(10, bytes: 100))
        let peer = try connect(server)
        #expect(try peer.ask("next") == Self.refused.closed)
        #expect(try peer.ask("open 0") == "rows 10 end")
        #expect(try peer.ask("cursor") == "cursor 0")
        #expect(try peer.ask("open 400") == "rows 4 more")
        #expect(try peer.ask("next") == "rows 4 more")
        #expect(try peer.ask("next") == "rows 2 end")
        #expect(try peer.ask("next") == Self.refused.closed)
        // The probe has read in batches, too, in memory.
        #expect(!server.log.contains("not exercised"), "\(server.log)")
    }

    @Test func aCursorEndsEarly() throws {
        let server = try start()
        let peer = try connect(server)
        #expect(try peer.ask("open 500") == "rows 5 more")
        #expect(try peer.ask("close") == "closed 0")
        #expect(try peer.ask("close") == "closed -1")
        #expect(try peer.ask("next") == Self.refused.closed)
        try waitUntilFree(server)
        #expect(try peer.ask("open 1") == "rows 1 more")
    }

    @Test func aCursorBelongsToItsConnection() throws {
        let server = try start()
        let (peer, thief) = (try connect(server), try connect(server))
        #expect(try peer.ask("open 500") == "rows 5 more")
        let number = try peer.ask("cursor").dropFirst("cursor ".count)
        #expect(try thief.ask("take \(number)") == "took \(number)")
        #expect(try thief.ask("next") == Self.refused.argument)
        #expect(try peer.ask("next") == "rows 5 more")
    }

    @Test func errorsEndIt() throws {
        let server = try start("SELECT missing", listener: "exercise = false")
        let peer = try connect(server)
        #expect(try peer.ask("open 1") == "error 4: prepare: no such column: missing")
        #expect(try peer.ask("next") == Self.refused.closed)
    }

    /// 100 MB go through a host that never has more than a few of them.
    @Test(arguments: [false, true])
    func aPeerThatReadsSlowlyCostsBoundedMemory(_ isMariaDB: Bool) throws {
        let (count, bytes) = (100_000, 1_000)
        let mariaDB = isMariaDB ? try PrivateMariaDB() : nil
        try mariaDB?.administer("CREATE DATABASE shop")
        let server = try start(
            isMariaDB
                ? "SELECT seq, LPAD(seq, \(bytes), '0') FROM seq_1_to_\(count)" : Self.numbers(count, bytes: bytes),
            listener: "exercise = false",
            database: mariaDB.map { "url = \"mariadb://root@/shop?socket=\($0.socket)\"" } ?? "url = \"sqlite:main.db\""
        )
        let peer = Lines(try Peer(server.address(of: "reads"), receiveBuffer: 64 << 10))
        #expect(try peer.ask("open 1") == "rows 1 more")
        #expect(try peer.ask("close") == "closed 0")
        let before = try server.ownBytes
        var most = before
        try peer.send("stream 65536")
        // The plugin stops asking when the peer does not read.
        try waitUntil("the cursor waits for the plugin") {
            try row(server).report.running.first.map { $0.idleSeconds != nil } ?? false
        }
        for number in 1...count {
            if number % 10_000 == 0 { most = max(most, try server.ownBytes) }
            let line = try peer.hear()
            let expected = "\(number) " + String(repeating: "0", count: bytes - "\(number)".utf8.count) + "\(number)"
            guard line == expected else { throw Failure("line \(number): \(line.prefix(100))") }
        }
        #expect(try peer.hear() == "end \(count)")
        print("100,000 rows of 1,000 bytes: \(mebibytes(before)) -> at most \(mebibytes(most))")
        #expect(most < before + Sanitizer.bytes(16 << 20))
        try waitUntilFree(server)
    }

    // MARK: Ends

    @Test(arguments: [false, true])
    func aPeerThatIsGoneFreesItsConnection(_ resets: Bool) throws {
        let server = try start(pool: "max = 2")
        for _ in 0..<5 {
            let peer = try connect(server)
            #expect(try peer.ask("open 500") == "rows 5 more")
            #expect(try row(server).report.cursors == 1)
            if resets { peer.peer.reset() } else { peer.peer.close() }
            try waitUntilFree(server)
        }
    }

    @Test func aPeerThatGoesWhileItsRowsComeFreesItsConnection() throws {
        let server = try start(Self.numbers(100_000, bytes: 1_000), listener: "exercise = false")
        let peer = try connect(server)
        try peer.send("stream 65536")
        _ = try peer.hear()
        peer.peer.reset()
        try waitUntilFree(server)
        try waitUntil("the plugin has let go of it") { try server.openConnections == 0 }
    }

    @Test func aCursorThatIsForgottenTimesOut() throws {
        let server = try start(pool: "cursor_timeout = \"100ms\"")
        let peer = try connect(server)
        #expect(try peer.ask("open 500") == "rows 5 more")
        try waitUntilFree(server)
        #expect(try peer.ask("next") == "error 8: nobody has asked for more rows in time (cursor_timeout)")
        #expect(try peer.ask("next") == Self.refused.closed)
    }

    @Test func cursorsOfSlowPeersLeaveAConnectionToOthers() throws {
        let server = try start(pool: "max = 3\nacquire_timeout = \"1s\"")
        let slow = try (0..<2).map { _ in try connect(server) }
        for peer in slow { #expect(try peer.ask("open 500") == "rows 5 more") }
        let third = try connect(server)
        #expect(try third.ask("open 500") == "error 1: no connection was free in time (acquire_timeout)")
        #expect(try slow[0].ask("close") == "closed 0")
        try waitUntil("one is free") { try row(server).report.cursors == 1 }
        #expect(try third.ask("open 500") == "rows 5 more")
    }

    @Test func theCommandLineAndMetricsTellOfIt() throws {
        let server = try start(process: "metrics_listen = \"127.0.0.1:0\"")
        let peer = try connect(server)
        #expect(try peer.ask("open 500") == "rows 5 more")
        let shown = try server.folder.martlet("databases", "show", "main").output
        #expect(shown.contains("1 busy (1 with cursors)"), "\(shown)")
        #expect(shown.contains("reads 1") && shown.contains("cursor, not asked for"), "\(shown)")
        let page = try PrometheusPage(server.folder.martlet("metrics").output)
        #expect(page.value("martlet_database_cursors", ["database": "main"]) == 1)
        #expect(try server.folder.martlet("databases", "evict", "main").status == 0)
        #expect(try peer.ask("next") == "error 2: its connection is being replaced (evict)")
        try waitUntilFree(server)
    }

    // MARK: Versions

    private func swap(_ server: RunningServer) throws -> Receipt.Outcome? {
        try server.folder.install(Fixture.library("reads"), as: "reads.so", appending: [1])
        return try server.reload("reads")
    }

    @Test func aNewVersionReadsOn() throws {
        let server = try start(Self.numbers(10, bytes: 100))
        let peer = try connect(server)
        #expect(try peer.ask("open 400") == "rows 4 more")
        #expect(try swap(server) == .swapped)
        #expect(try peer.ask("next") == "rows 4 more")
        #expect(try row(server).report.running.first?.holder == "reads 2")
        #expect(try peer.ask("next") == "rows 2 end")
        try waitUntil("the old version has ended") { try server.status().listeners[0].generations.count == 1 }
    }

    @Test func aVersionThatDrainsEndsItsCursors() throws {
        let server = try start(listener: "on_reload = \"drain\"\ndrain_timeout = \"3s\"", defines: ["STAYS": "1"])
        let peer = try connect(server)
        #expect(try peer.ask("open 500") == "rows 5 more")
        #expect(try swap(server) == .swapped)
        #expect(try peer.ask("next") == "rows 5 more", "it finishes what it has begun")
        try server.waitForLog("drain timeout: connections of an old generation were cut")
        try waitUntilFree(server)
        try waitUntil("the old version has ended") { try server.status().listeners[0].generations.count == 1 }
    }

    @Test func aCursorOfNoConnectionEndsWithItsVersion() throws {
        let server = try start()
        let peer = try connect(server)
        try peer.send("loose 500")
        try waitUntil("its answer has come") { try peer.ask("cursor") != "cursor 0" }
        #expect(try row(server).report.cursors == 1)
        #expect(try swap(server) == .swapped)
        try waitUntilFree(server)
        try waitUntil("the old version has ended") { try server.status().listeners[0].generations.count == 1 }
    }

    @Test func theEndOfTheServerDoesNotWaitForIt() throws {
        let server = try start(pool: "cursor_timeout = \"0s\"")
        let peer = try connect(server)
        #expect(try peer.ask("open 500") == "rows 5 more")
        try peer.send("loose 500")
        try waitUntil("both are open") { try row(server).report.cursors == 2 }
        #expect(try server.stop(within: .seconds(20)) == 0)
    }

    /// The number of a cursor says nothing to the next host.
    @Test func aRenewedHostKnowsNothingOfIt() throws {
        let server = try start(Self.numbers(10, bytes: 100))
        let peer = try connect(server)
        #expect(try peer.ask("open 400") == "rows 4 more")
        #expect(try server.folder.martlet("processes", "renew", "shared").status == 0)
        #expect(try peer.ask("next") == Self.refused.closed)
        #expect(try peer.ask("open 400") == "rows 4 more")
        #expect(try peer.ask("next") == "rows 4 more")
    }

    // MARK: MariaDB

    @Test func aServerOfMariaDBThatDiesIsAway() throws {
        let database = try PrivateMariaDB()
        try database.administer("CREATE DATABASE shop")
        let server = try start(
            "SELECT seq, LPAD(seq, 1000, '0') FROM seq_1_to_100000", listener: "exercise = false",
            database: "url = \"mariadb://root@/shop?socket=\(database.socket)\"")
        let peer = try connect(server)
        #expect(try peer.ask("open 500") == "rows 1 more")
        database.kill()
        var answer = "rows"
        for _ in 0..<100 where answer.hasPrefix("rows") { answer = try peer.ask("next") }
        #expect(answer.hasPrefix("error 2: "), "\(answer)")
        #expect(try peer.ask("next") == Self.refused.closed)
        try database.start()
        try waitUntil("it is back", within: .seconds(30)) { try peer.ask("open 500") == "rows 1 more" }
        #expect(try peer.ask("next") == "rows 1 more")
    }
}
