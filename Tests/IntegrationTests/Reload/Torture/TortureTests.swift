import Glibc
import Instances
import PluginHost
import Server
import TestInput
import Testing

/// Many swaps under load. `MARTLET_TORTURE_SWAPS` sets their number, `MARTLET_TORTURE_SEED` repeats a run.
@Suite(.serialized) struct TortureTests {
    /// The run stops after this time, so that a slow machine still finishes its tests.
    private static let timeLimit = Duration.seconds(80)
    /// The allowed growth of memory. Measured: 2 KB for each reload of a changing file. The images of the nine versions stay mapped and are
    /// used again.
    private static let bytesPerSwap = 6 << 10

    @Test func noClientNoticesAThousandSwapsUnderMixedLoad() throws {
        let swaps = environment("MARTLET_TORTURE_SWAPS").flatMap { Int($0) } ?? 1_000
        let seed = Torture.seed
        print("torture: MARTLET_TORTURE_SEED=\(seed)")
        var site = try TortureSite(seed: seed)
        let load = try MixedLoad(site.server, seed: seed)
        // Map all versions and serve all clients before measuring anything.
        for _ in 0..<30 { _ = try site.swap() }
        try load.waitForProgress()
        let before = try site.rest()

        let deadline = Deadline(in: Self.timeLimit)
        var (done, nextBadFile) = (0, 7)
        let (_, time) = try measure {
            while done < swaps, !deadline.isOver, !load.hasFailed {
                if done >= nextBadFile {
                    try site.tryBadFile()
                    nextBadFile += 20
                }
                done += try site.swap()
            }
        }
        if !load.hasFailed { try load.waitForProgress() }
        let after = try site.rest()
        let (summary, echo) = try load.finish()
        let growth = max(Int64(after.residentBytes) - Int64(before.residentBytes), 0)
        print(
            "torture: \(done) swaps in \(time) under load (\(summary)), \(site.refusals) bad files refused, "
                + "\(site.moves.migrated) sessions moved at once and \(site.moves.waiting) later, memory "
                + "\(mebibytes(before.residentBytes)) -> \(mebibytes(after.residentBytes)), \(growth / Int64(max(done, 1))) "
                + "bytes a swap, descriptors \(before.fileDescriptors) -> \(after.fileDescriptors)")
        #expect(echo.isClean, "\(echo.firstFailure ?? "")")
        #expect(done >= swaps || deadline.isOver)
        #expect(site.moves.pinned == 0, "expected every session to be able to move")
        // The connection of an earlier request may still be open.
        try waitUntil("no descriptor leaks") {
            try site.server.status().fileDescriptors <= before.fileDescriptors
        }
        // A loop's buffers may grow once, whatever the number of swaps.
        #expect(growth < Sanitizer.bytes(8 << 20 + Int64(done * Self.bytesPerSwap)))
        #expect(after.totals.faults == 0)
    }

    private func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}

/// A server with three listeners, and the version that each of them runs.
private struct TortureSite {
    let server: RunningServer
    private let plugins: [PluginVersions]
    private var versions = [0, 0, 0]
    private var random: SeededGenerator
    private(set) var refusals = 0
    private(set) var moves = SessionMoves()

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        let folder = try ServerFolder()
        plugins = [
            try PluginVersions(of: "EchoPlugin", as: "echo", in: folder),
            try PluginVersions(of: "HTTPPlugin", as: "http", in: folder) { version in
                "[options]\nserver = \"v\(version)\"\n[[options.routes]]\npath = \"/\"\ntext = \"\(MixedLoad.text(version))\""
            },
            try PluginVersions(of: "BinaryPlugin", as: "binary", in: folder) { _ in "[limits]\nmax_input = \"2MiB\"" },
        ]
        for plugin in plugins { try plugin.install(0) }
        server = try RunningServer(folder)
    }

    /// Installs another version, newer or older, of one, two or all plugins and reloads once. Returns the number of swaps.
    mutating func swap() throws -> Int {
        let chosen = plugins.indices.shuffled(using: &random).prefix(.random(in: 1...plugins.count, using: &random))
        for index in chosen {
            let step = Int.random(in: 1..<PluginVersions.count, using: &random)
            versions[index] = (versions[index] + step) % PluginVersions.count
            try plugins[index].install(versions[index])
        }
        let receipt = try server.reload()
        for (index, plugin) in plugins.enumerated() {
            let entry = try receipt.entry(of: plugin.name)
            guard receipt.result == .done, entry.outcome == (chosen.contains(index) ? .swapped : .unchanged) else {
                throw Failure("expected a swap of \(chosen.map { plugins[$0].name }), found \(receipt)")
            }
            if let found = entry.moves { moves = moves + found }
        }
        return chosen.count
    }

    /// Installs a file that must be refused, and then the good one again.
    mutating func tryBadFile() throws {
        let index = Int.random(in: 0..<plugins.count, using: &random)
        let bad = PluginVersions.BadFile.allCases.randomElement(using: &random)!
        try plugins[index].installBad(bad)
        let receipt = try server.reload()
        guard receipt.result == .refused, try receipt.entry(of: plugins[index].name).outcome == .refused else {
            throw Failure("expected \(bad) to be refused, found \(receipt)")
        }
        refusals += 1
        try plugins[index].install(versions[index])
    }

    /// The status once each listener has one generation.
    func rest() throws -> StatusReport {
        try waitUntil("only the last generations are left", within: .seconds(30)) {
            try server.generationRows().count == plugins.count
        }
        return try server.status()
    }
}
