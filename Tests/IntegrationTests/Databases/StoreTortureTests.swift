import Glibc
import TestInput
import Testing

/// Writes while hosts die and plugins are replaced. `make torture` runs 100 deaths and 1,000 swaps for each database.
@Suite(.serialized) struct StoreTortureTests {
    private static let isLong = Torture.factor > 1
    private static let kills = isLong ? 10 * Torture.factor : 5
    private static let swaps = isLong ? 100 * Torture.factor : 20

    /// 8 clients of each plugin, and one that reads what they write.
    private struct Load {
        let writers: [PairWriter]
        let readers: [PairReader]

        init(_ store: StoreServer) throws {
            writers = try StorePlugin.allCases.flatMap { plugin in
                try (0..<8).map { try PairWriter(plugin, number: $0, at: store.address(of: plugin)) }
            }
            let pairs = writers.map(\.pair)
            readers = try StorePlugin.allCases.map { plugin in
                let pairs = pairs.filter { $0.name.hasPrefix("\(plugin)") }
                return try PairReader(plugin, pairs, at: store.address(of: plugin))
            }
        }

        var acknowledged: Int { writers.reduce(0) { $0 + $1.acknowledged } }
        var losses: Int { writers.reduce(0) { $0 + $1.losses } }
        var hasFailed: Bool { writers.contains(where: \.hasFailed) }

        func waitForWrites(_ count: Int) throws {
            let before = acknowledged
            try waitUntil("\(count) writes are acknowledged", within: .seconds(30)) {
                acknowledged >= before + count || hasFailed
            }
        }

        func finish() throws {
            for writer in writers { try writer.finish() }
            for reader in readers { try reader.finish() }
        }
    }

    @Test(arguments: StoreDatabase.allCases)
    func deathsLoseNothingAcknowledged(_ database: StoreDatabase) throws {
        print("deaths with \(database): MARTLET_TORTURE_SEED=\(Torture.seed)")
        var generator = SeededGenerator(seed: Torture.seed)
        let store = try StoreSite(database).store
        let load = try Load(store)
        let (_, time) = try measure {
            for _ in 0..<Self.kills where !load.hasFailed {
                try load.waitForWrites(1 + generator.below(400))
                try store.killHost()
            }
            // All of them look at what is there.
            let before = load.writers.map(\.acknowledged)
            try waitUntil("all go on", within: .seconds(30)) {
                zip(load.writers, before).allSatisfy { $0.acknowledged > $1 } || load.hasFailed
            }
        }
        let acknowledged = load.acknowledged
        try load.finish()
        #expect(load.losses >= Self.kills, "connections end with their host")
        print(
            "\(database): \(Self.kills) deaths in \(time), \(acknowledged) writes acknowledged, \(load.losses) lost connections"
        )
    }

    @Test(arguments: StoreDatabase.allCases)
    func swapsAreNotNoticed(_ database: StoreDatabase) throws {
        let store = try StoreSite(database, pool: "min = 4\nmax = 4\n").store
        try waitUntil("the pool is open") { try store.report().report.open == 4 }
        let load = try Load(store)
        try load.waitForWrites(100)
        let before = try store.report().report
        let (_, time) = try measure {
            for number in 0..<Self.swaps where !load.hasFailed {
                try store.swap(StorePlugin.allCases[number % 2], version: 1 + number / 2 % 3)
            }
        }
        try load.waitForWrites(100)
        let after = try store.report().report
        let acknowledged = load.acknowledged
        try load.finish()
        #expect(load.losses == 0)
        #expect(after.made == before.made && after.failures == before.failures && after.refused == before.refused)
        print("\(database): \(Self.swaps) swaps in \(time), \(acknowledged) writes acknowledged")
    }
}
