import Glibc
import PrivateMariaDB
import TestInput
import Testing

/// A server and a MariaDB with a network between them that pauses, breaks, delays and loses.
@Suite struct NetworkTests {
    private let network: NetworkProxy
    private let store: StoreServer

    /// A statement is given up after 2 s, and its connection 1.5 s after that at most.
    init() throws { (network, store) = try Self.make(statementSeconds: 2) }

    /// The pool trusts a connection that has worked once.
    private static func make(statementSeconds: Int) throws -> (NetworkProxy, StoreServer) {
        let mariaDB = try PrivateMariaDB.shared.get()
        let name = "network_\(UInt64.random(in: 0 ... .max))"
        try mariaDB.administer(
            "CREATE DATABASE \(name)", "CREATE USER \(name)@'127.0.0.1'",
            "GRANT ALL ON \(name).* TO \(name)@'127.0.0.1'")
        let network = try NetworkProxy(to: mariaDB.port)
        let store = try StoreServer(
            url: "mariadb://\(name)@127.0.0.1:\(network.port)/\(name)",
            pool: "min = 4\nmax = 4\nstatement_timeout = \"\(statementSeconds)s\"\nvalidate_after = \"1h\"\n")
        return (network, store)
    }

    /// All four connections have worked.
    private func warmUp() throws {
        try waitUntil("the pool is open", within: .seconds(30)) { try store.report().report.open == 4 }
        let address = try store.address(of: .resp)
        let clients = try (0..<8).map { number in
            try Background {
                let client = try RESPStoreClient(address)
                for round in 0..<20 {
                    // The pool may still have to notice that the network was cut.
                    do { try client.set("warm \(number)", "\(round)") } catch is StoreError { continue }
                }
            }
        }
        for client in clients { try client.value() }
    }

    @Test(arguments: StorePlugin.allCases)
    func aPauseEndsStatementsInTime(_ plugin: StorePlugin) throws {
        try warmUp()
        let client = try store.connect(to: plugin)
        try client.set("key", "before")
        network.set(.blackHole)
        let (_, time) = measure {
            #expect(throws: StoreError.self) { try client.set("key", "lost") }
        }
        #expect(time < .seconds(15) * Sanitizer.slowness, "\(time)")
        // What was on its way is lost.
        try network.cut()
        network.set(.open)
        try store.waitForState("healthy")
        #expect(try client.get("key") == "before")
        try client.set("key", "after")
        #expect(try client.get("key") == "after")
        #expect(try store.report().report.broken > 0)
    }

    @Test(arguments: StorePlugin.allCases)
    func aShortPauseIsOnlyLate(_ plugin: StorePlugin) throws {
        // Short beside the time of a statement, however slow this machine is now.
        let (network, store) = try Self.make(statementSeconds: 60)
        try waitUntil("the pool is open", within: .seconds(30)) { try store.report().report.open == 4 }
        let client = try store.connect(to: plugin)
        try client.set("key", "before")
        let made = try store.report().report.made
        for mode in [NetworkProxy.Mode.blackHole, .slow(20)] {
            network.set(mode)
            let address = try store.address(of: plugin)
            let late = try Background { try plugin.connect(to: address).set("key", "\(mode)") }
            if mode == .blackHole {
                // A sweep of the plugin may wait as well.
                try waitUntil("it waits") {
                    try store.report().report.running.contains { $0.connection != 0 }
                }
                network.set(.open)
            }
            try late.value()
            #expect(try client.get("key") == "\(mode)")
        }
        #expect(try store.report().report.made == made)
    }

    /// A query finds another connection, whatever number of them is broken. A write says that it does not know, or works.
    @Test(arguments: StorePlugin.allCases)
    func aCutIsNotSeenByThoseWhoRead(_ plugin: StorePlugin) throws {
        try warmUp()
        let client = try store.connect(to: plugin)
        for round in 0..<10 {
            try client.set("key", "\(round)")
            try network.cut()
            #expect(try client.get("key") == "\(round)")
            try warmUp()
            try network.cut()
            do {
                try client.set("key", "next")
                #expect(try client.get("key") == "next")
            } catch is StoreError {
                #expect(try ["next", "\(round)"].contains(client.get("key")))
            }
        }
    }

    /// The database has done it, and nobody will ever hear of it.
    @Test(arguments: StorePlugin.allCases)
    func anAnswerThatIsLostLeavesItOpen(_ plugin: StorePlugin) throws {
        try warmUp()
        let client = try store.connect(to: plugin)
        try client.set("key", "before")
        // Binary writes one key without a transaction.
        network.set(.losesAnswers(to: plugin == .binary ? "" : "COMMIT"))
        let error = try #require(throws: StoreError.self) { try client.set("key", "after") }
        // binary: outcome-unknown
        #expect(
            plugin == .binary ? error.description == "72" : error.description.hasSuffix("may have been done"),
            "\(error)")
        try network.cut()
        network.set(.open)
        try store.waitForState("healthy")
        #expect(try client.get("key") == "after")
    }

    /// Clients of both plugins write while the network fails at random.
    @Test func whatWasAcknowledgedStays() throws {
        print("network: MARTLET_TORTURE_SEED=\(Torture.seed)")
        var generator = SeededGenerator(seed: Torture.seed)
        let writers = try StorePlugin.allCases.flatMap { plugin in
            try (0..<4).map {
                try PairWriter(plugin, number: $0, at: store.address(of: plugin), errorsAreUnknown: true)
            }
        }
        for round in 0..<4 * Torture.factor {
            let before = writers.map(\.acknowledged)
            network.set(
                [.blackHole, .losesAnswers(to: ""), .losesAnswers(to: "COMMIT"), .slow(10), .open][generator.below(5)])
            if generator.below(2) == 0 { try network.cut() }
            observe(for: .milliseconds(generator.below(1_500)))
            try network.cut()
            network.set(.open)
            try waitUntil("all go on after round \(round)", within: .seconds(60)) {
                zip(writers, before).allSatisfy { $0.acknowledged > $1 + 5 || $0.hasFailed }
            }
        }
        for writer in writers { try writer.finish() }
        try store.waitForState("healthy")
        let report = try store.report().report
        #expect(report.broken > 0 && report.open <= 4, "\(report)")
    }
}
