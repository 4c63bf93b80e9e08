import Testing

/// Random histories of RESP, judged in Python: Tests/Histories.
@Suite struct HistoryTests {
    private static let seconds = Torture.factor > 1 ? 12 * Torture.factor : 4
    static let hasHypothesis =
        (try? Subprocess.run("/usr/bin/python3", ["-c", "import hypothesis, redis"]).status) == 0

    @Test(.enabled(if: hasHypothesis, "python3-hypothesis or python3-redis is not installed"))
    func aModelAgreesWithEveryAnswer() throws {
        try run("stateful", [StoreSite(.sqlite).store])
    }

    @Test(
        .enabled(if: hasHypothesis, "python3-hypothesis or python3-redis is not installed"),
        arguments: StoreDatabase.allCases)
    func concurrentHistoriesAreLinearizable(_ database: StoreDatabase) throws {
        let site = try StoreSite(database)
        // Two servers can share a MariaDB.
        let others = database == .mariadb ? [try StoreServer(url: site.url, of: site.mariaDB)] : []
        try run("linearizable", [site.store] + others)
    }

    private func run(_ script: String, _ stores: [StoreServer]) throws {
        print("\(script): MARTLET_TORTURE_SEED=\(Torture.seed)")
        for store in stores { store.server.mayCrash = true }
        let process = try Subprocess(
            "/usr/bin/python3",
            ["-B", "\(BuildFolder.package)/Tests/Histories/\(script).py", BuildFolder.martlet]
                + [stores.map(\.folder.processFile).joined(separator: ","), "\(Torture.seed)", "\(Self.seconds)"]
                + stores.map { "\(try $0.address(of: .resp).port)" })
        let result = try process.wait(within: .seconds(300 + 5 * Self.seconds))
        #expect(result.status == 0, "\(result.output.suffix(2_000))\n\(result.errors.suffix(8_000))")
        print("\(script): \(result.output.split(separator: "\n").last ?? "")")
    }
}
