import Glibc
import Testing

/// What the plugins Binary and RESP keep in a database.
@Suite struct StoreTests {
    static let all = StoreDatabase.allCases.flatMap { database in StorePlugin.allCases.map { (database, $0) } }

    /// Every value is there after the death of the host and after a restart of the server.
    @Test(arguments: all)
    func whatWasAcknowledgedStays(_ database: StoreDatabase, _ plugin: StorePlugin) throws {
        let store = try StoreSite(database).store
        var values: [[UInt8]: [UInt8]] = [:]
        for size in [0, 1, 1 << 20] { values[Array("size \(size)".utf8)] = patternBytes(size, seed: UInt64(size)) }
        for byte in UInt8.min ... .max { values[[byte]] = [byte, 0, byte] }
        values[Array(UInt8.min ... .max)] = [1]
        values[[UInt8](repeating: 255, count: 512)] = [2]

        do {
            let client = try store.connect(to: plugin)
            for (key, value) in values { try client.set(key, value, milliseconds: 0) }
            try expect(values, in: client)
        }
        try store.killHost()
        try expect(values, in: store.connect(to: plugin))
        try store.restart()
        try expect(values, in: store.connect(to: plugin))
    }

    private func expect(_ values: [[UInt8]: [UInt8]], in client: any StoreClient) throws {
        for (key, value) in values { expectSame(try #require(try client.get(key)), value) }
    }

    /// Versions go on where they were, also those of a key that was removed.
    @Test(arguments: StoreDatabase.allCases)
    func versionsSurviveARestart(_ database: StoreDatabase) throws {
        let store = try StoreSite(database).store
        let key = Array("key".utf8)
        var versions: [UInt64] = []
        func write(_ client: BinaryStoreClient, _ value: String) throws {
            let answer = try client.write(.put(key, Array(value.utf8)))
            #expect(answer.isDone && answer.version > versions.last ?? 0)
            versions.append(answer.version)
        }
        for end in [store.killHost, store.restart] {
            do {
                let client = try store.binary()
                for round in 0..<3 { try write(client, "\(round)") }
            }
            try end()
            let next = try store.binary()
            let found = try #require(try next.read(key))
            #expect(found == .init(value: Array("2".utf8), version: try #require(versions.last)))
            #expect(try !next.write(.put(key, [], if: .version(versions[0]))).isDone)
            #expect(try !next.write(.put(key, [], if: .absent)).isDone)
            try write(next, "if")
            #expect(try next.remove(key))
        }
        try write(store.binary(), "after its end")
        #expect(Set(versions).count == versions.count)
    }

    /// 8 clients change a number on one condition: nobody has changed it since. It counts how often they were told that they have.
    @Test(arguments: all)
    func eachConditionalWriteSucceedsOnce(_ database: StoreDatabase, _ plugin: StorePlugin) throws {
        let store = try StoreSite(database).store
        let address = try store.address(of: plugin)
        let clients = try (0..<8).map { _ in
            try Background {
                let client = try plugin.connect(to: address)
                return try (0..<20).reduce(0) { lost, _ in try lost + client.increment("counter") }
            }
        }
        let lost = try clients.reduce(0) { try $0 + $1.value() }
        #expect(try store.connect(to: plugin).get("counter") == "160", "others were faster \(lost) times")
    }

    /// Keys that are not there yet lie in the same gap of an index, which InnoDB locks for each of those who look.
    @Test(arguments: StorePlugin.allCases)
    func newKeysOfManyClientsDoNotCollide(_ plugin: StorePlugin) throws {
        let store = try StoreSite(.mariadb).store
        let address = try store.address(of: plugin)
        let clients = try (0..<8).map { number in
            try Background {
                let client = try plugin.connect(to: address)
                for round in 0..<25 {
                    try client.set(Pair("\(number) \(round)"), [1])
                    _ = try client.increment("\(round) \(number)")
                }
            }
        }
        for client in clients { try client.value() }
        print("\(plugin): \(try store.report().report.retries) retries")
    }

    @Test(arguments: all)
    func expiryRemovesRows(_ database: StoreDatabase, _ plugin: StorePlugin) throws {
        let site = try StoreSite(database)
        do {
            let client = try site.store.connect(to: plugin)
            for number in 0..<100 { try client.set([UInt8(number)], [1], milliseconds: 3_600_000) }
            #expect(try site.rows(of: plugin) == 100)
            for number in 0..<90 { try client.set([UInt8(number)], [1], milliseconds: 1) }
            try waitUntil("the rows are removed") { try site.rows(of: plugin) == 10 }
            #expect(try client.get([0]) == nil)
            #expect(try client.get([95]) == [1])
            // Also those that expire while nobody serves them. A server without clients has no clock for it.
            try client.set("short", "life")
            try client.set(Array("short".utf8), [], milliseconds: 1)
        }
        try site.store.restart()
        let client = try site.store.connect(to: plugin)
        #expect(try client.get("short") == nil)
        try waitUntil("the row is removed") { try site.rows(of: plugin) == 10 }
    }

    // MARK: A database that is away

    @Test(arguments: StorePlugin.allCases)
    func aDatabaseThatIsAwayIsAnErrorAtOnce(_ plugin: StorePlugin) throws {
        let site = try StoreSite(.mariadb, isAlone: true)
        let (store, mariaDB) = (site.store, try #require(site.mariaDB))
        let client = try store.connect(to: plugin)
        try client.set("key", "before")
        let made = try store.report().report.made
        mariaDB.kill()
        try waitUntil("a request notices it") { (try? client.get("key")) == nil }
        try store.waitForState("away")
        let (_, time) = measure {
            for _ in 0..<20 {
                #expect(throws: StoreError.self) { try client.set("key", "lost") }
                #expect(throws: StoreError.self) { try client.get("key") }
            }
        }
        // acquire_timeout is 5 s.
        #expect(time < .seconds(2) * Sanitizer.slowness, "\(time)")
        try mariaDB.start()
        try store.waitForState("healthy")
        #expect(try client.get("key") == "before")
        try client.set("key", "after")
        #expect(try client.get("key") == "after")
        #expect(try store.report().report.made > made)
    }

    // MARK: A pool without a free connection

    @Test(arguments: StorePlugin.allCases)
    func whatFindsNoConnectionFailsInTime(_ plugin: StorePlugin) throws {
        let site = try StoreSite(.mariadb, pool: "min = 1\nmax = 1\nacquire_timeout = \"1s\"\n")
        let store = site.store
        let client = try store.connect(to: plugin)
        try client.set("slow", "0")
        try client.set("other", "0")
        let lock = try RowLock(site, plugin)
        let address = try store.address(of: plugin)
        // It has the only connection and waits for the lock.
        let slow = try Background { try plugin.connect(to: address).set("slow", "1") }
        // Not a sweep of the plugin, which is for no connection.
        try waitUntil("it has the connection") { try store.report().report.running.contains { $0.connection != 0 } }
        #expect(throws: StoreError.self) { try client.get("other") }
        #expect(throws: StoreError.self) { try client.set("other", "1") }
        #expect(!slow.isDone)
        try lock.release()
        try slow.value()
        #expect(try client.get("slow") == "1")
        #expect(try client.get("other") == "0")
    }

    /// The writer of SQLite does not wait for those that read, and they do not wait for it.
    @Test(arguments: StorePlugin.allCases)
    func whatFindsNoReaderFailsInTime(_ plugin: StorePlugin) throws {
        let store = try StoreSite(.sqlite, pool: "min = 1\nmax = 1\nacquire_timeout = \"1s\"\n").store
        let client = try store.connect(to: plugin)
        try client.set("key", "1")
        #expect(try store.folder.martlet("databases", "pause", "main").status == 0)
        #expect(throws: StoreError.self) { try client.get("key") }
        try client.set("key", "2")
        #expect(try store.folder.martlet("databases", "resume", "main").status == 0)
        #expect(try client.get("key") == "2")
    }
}
