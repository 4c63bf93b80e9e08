import Testing

/// `Tests/Fixtures/every-function.c`, which was written from the header alone, uses every function of it, and
/// `keeps.c`, `reads.c` and `knows.c` those for databases and users. `IntegrationTests` check what the calls do.
@Suite struct EveryFunctionTests {
    private let header: ABIHeader
    private let fixture: String

    init() throws {
        header = try .today()
        fixture = try shell("cd '\(checkout)/Tests/Fixtures' && cat every-function* keeps.c reads.c knows.c").output
    }

    /// The structs of the host, and the variables with which the fixture calls them.
    private static let ofTheHost = [
        ("martlet_host", "host"), ("martlet_host_info", "info"), ("martlet_loops", "loops"),
        ("martlet_groups", "groups"), ("martlet_checkpoints", "checkpoints"), ("martlet_metrics", "metrics"),
        ("martlet_transport", "transport"), ("martlet_databases", "databases"), ("martlet_users", "users"),
    ]

    @Test func everyFunctionOfTheHostIsCalled() throws {
        for (structure, variable) in Self.ofTheHost {
            let functions = try #require(header.structure(structure)).functions
            #expect(!functions.isEmpty)
            for name in functions.map(\.name) {
                #expect(fixture.contains("\(variable)->\(name)("), "\(structure).\(name) is not called")
            }
        }
    }

    @Test func everyFunctionOfThePluginIsSet() {
        let ofTheHost = Self.ofTheHost.map(\.0)
        let structures = header.structures.filter { !$0.functions.isEmpty && !ofTheHost.contains($0.name) }
        #expect(
            structures.map(\.name).sorted() == [
                "martlet_instance_state", "martlet_operation", "martlet_operations", "martlet_plugin",
                "martlet_session_state",
            ])
        for structure in structures {
            for name in structure.functions.map(\.name) {
                #expect(fixture.contains(".\(name) = "), "\(structure.name).\(name) is not set")
            }
        }
    }
}
