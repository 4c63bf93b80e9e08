import Glibc
import Server
import Testing

/// Plugins built for other versions of the ABI run in this host: docs/abi.md.
@Suite struct CompatibilityTests {
    /// The plugin is built for a later minor version than this host has.
    @Test func aNewerPluginRunsWithoutExtensionsThatThisHostLacks() throws {
        let folder = try ServerFolder()
        try folder.installFixture("newer")
        let server = try RunningServer(folder)
        #expect(try server.connect(to: "newer").ask("hello") == "without the future")
        let shown = try folder.martlet("plugins", "show", folder.file("newer.so")).output
        #expect(shown.contains("ABI         1.1\n"))
        #expect(shown.contains("offers      martlet.from-the-future/3, example.own/1\n"))
        #expect(shown.contains("    two  (integer, default 2)"))
    }
}
