import Glibc
import Server
import Testing

/// Plugins of other versions of the ABI in this host: docs/abi.md.
@Suite struct CompatibilityTests {
    /// A later minor version on this host, which is the older one then.
    @Test func aNewerPluginGoesOnWithoutWhatThisHostLacks() throws {
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
