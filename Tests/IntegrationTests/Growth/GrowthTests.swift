import Glibc
import Server
import Testing

/// A host and a plugin built for two versions of the ABI. The later version has one more member in every struct: docs/abi.md.
///
/// The growth fixture uses every struct and reports what it finds. A grown plugin fills its new members with junk, which today's host
/// must not read. Today's host indicates by the sizes of its structs that it lacks the new members.
@Suite struct GrowthTests {
    @Test(arguments: Age.allCases)
    func todaysHostReadsAndFillsEveryStruct(of plugin: Age) throws { try useEveryStruct(on: .today, plugin) }

    @Test(.enabled(if: GrownBuild.exists, "\(GrownBuild.howTo)"), arguments: Age.allCases)
    func aGrownHostReadsAndFillsEveryStruct(of plugin: Age) throws { try useEveryStruct(on: .grown, plugin) }

    @Test func sessionsMoveBetweenBothPluginsOnTodaysHost() throws { try moveSessions(on: .today) }

    @Test(.enabled(if: GrownBuild.exists, "\(GrownBuild.howTo)"))
    func sessionsMoveBetweenBothPluginsOnAGrownHost() throws { try moveSessions(on: .grown) }

    /// With an older grown build, these tests would not test today's sources.
    @Test(.enabled(if: GrownBuild.exists, "\(GrownBuild.howTo)"))
    func theGrownBuildMatchesTodaysHeaders() throws {
        let folder = try ServerFolder()
        let library = try GrownBuild.fixture("growth", version: "1.0.0")
        try folder.install(library, as: "growth.so")
        let result = try Subprocess.run(GrownBuild.martlet, ["plugins", "check", folder.file("growth.so")])
        #expect(result.status == 0, "\(GrownBuild.howTo): \(result.errors)")
        let server = try aServer(of: .grown, with: .grown).server
        #expect(try server.connect(to: "growth").ask("sizes") == sizes(on: .grown, .grown), "\(GrownBuild.howTo)")
    }

    // MARK: Helpers

    private let options = "{name=deep limits={low=3 high=77} routes=[{path=/a weight=1} {path=/b weight=2}]}"

    private func aServer(of host: Age, with plugin: Age) throws -> (folder: ServerFolder, server: RunningServer) {
        let folder = try ServerFolder()
        try folder.install(plugin.fixture("growth", version: "1.0.0"), as: "growth.so")
        try folder.listen(
            "growth", plugin: "growth.so",
            """
            [options]
            name = "deep"
            limits = { low = 3 }
            [[options.routes]]
            path = "/a"
            weight = 1
            [[options.routes]]
            path = "/b"
            weight = 2
            """)
        return (folder, try host.serve(folder))
    }

    /// The fixture's answer when it compares the sizes of the host's structs with its own.
    private func sizes(on host: Age, _ plugin: Age) -> String {
        let sign = host == plugin ? "=" : host == .today ? "<" : ">"
        let names = ["host", "env", "info", "metrics", "value", "opening", "peer", "local"]
        return "abi \(plugin.abi) on \(host.abi): \(names.map { $0 + sign }.joined(separator: " ")) later "
            + "\(host == .grown && plugin == .grown ? names.count : 0)"
    }

    private func useEveryStruct(on host: Age, _ plugin: Age) throws {
        let (folder, server) = try aServer(of: host, with: plugin)
        let peer = try server.connect(to: "growth")
        // martlet_host, martlet_env, martlet_host_info, martlet_metrics, martlet_value, martlet_opening, martlet_address
        #expect(try peer.ask("sizes") == sizes(on: host, plugin))
        // martlet_option and martlet_value, nested
        #expect(try peer.ask("options") == options)
        #expect(try peer.ask("endpoint") == "127.0.0.1:0")
        // martlet_address, which the host fills in
        for end in ["peer", "local"] {
            let expected = "\(end) 0: 4 127.0.0.1 port same size own rest 0 behind untouched small -2"
            #expect(try peer.ask(end) == expected)
        }
        // martlet_request
        #expect(try peer.ask("requests") == "0 0 -2")
        try waitUntil("the requests are counted") { try server.listener("growth")?.counts.requests == 2 }
        #expect(try server.listener("growth")?.counts.failedRequests == 1)
        // martlet_metric_description: 7, with bounds of 1 and 10 and a divisor of 2
        let metrics = try folder.martlet("metrics").output
        for line in [
            #"growth_sizes_bucket{listener="growth",which="first",le="0.5"} 0"#,
            #"growth_sizes_bucket{listener="growth",which="first",le="5"} 1"#,
            #"growth_sizes_sum{listener="growth",which="first"} 3.5"#,
        ] {
            #expect(metrics.contains(line + "\n"), "\(line)")
        }
        // martlet_operations and martlet_operation
        #expect(try folder.martlet("call", "growth", "add", "2", "3").output == "5\n")
        #expect(try folder.martlet("call", "growth", "options").output == options + "\n")
        #expect(try folder.martlet("call", "growth", "lent").output == "0\n")
        // martlet_plugin, martlet_option and martlet_extension, as the probe reads them
        let shown = try Subprocess.run(host.martlet, ["plugins", "show", folder.file("growth.so")]).output
        #expect(shown.contains("ABI         \(plugin.abi)\n"))
        #expect(shown.contains("offers      example.own/1, martlet.session-state/1, martlet.operations/1\n"))
        #expect(shown.contains("high  (integer"))
        #expect(try server.stop() == 0)
    }

    /// martlet_session_state, in both directions.
    private func moveSessions(on host: Age) throws {
        let (folder, server) = try aServer(of: host, with: .today)
        let peer = try server.connect(to: "growth")
        #expect(try peer.ask("one") == "line 1, version 1.0.0, generation 1")
        let builds = [(Age.grown, "2.0.0"), (.today, "3.0.0"), (.grown, "4.0.0")]
        for (index, (plugin, version)) in builds.enumerated() {
            try folder.install(plugin.fixture("growth", version: version), as: "growth.so")
            let entry = try #require(try server.reload().entries.first)
            #expect(entry.outcome == .swapped)
            #expect(entry.moves?.migrated == 1)
            let generation = index + 2
            #expect(try peer.ask("next") == "line \(index + 2), version \(version), generation \(generation)")
        }
        #expect(try server.stop() == 0)
    }
}
