import Glibc
import Server
import Testing

/// Plugins of other versions of the ABI in this host: docs/abi.md.
@Suite struct CompatibilityTests {
    /// Released versions, whose headers are kept.
    private static let released = ["1.0"]

    private func counter(_ version: String, headers: String? = nil) throws -> String {
        try Fixture.library(
            "counter", defines: ["VERSION": "\"\(headers == nil ? "1.0.0" : "2.0.0")\""],
            in: "Tests/ABITests/Plugins/\(version)",
            headers: headers ?? "Tests/ABITests/Headers/\(version)")
    }

    /// Options, a metric, a timer, a host extension and session state of a plugin that was built long ago, and its sessions move to
    /// the same source built against today's header, and back.
    @Test(arguments: released)
    func aPluginOfAReleasedVersionIsServed(_ version: String) throws {
        let folder = try ServerFolder()
        let old = try counter(version)
        try folder.install(old, as: "counter.so")
        try folder.listen("counter", plugin: "counter.so", "[options]\nstart = 40")
        let server = try RunningServer(folder)
        let peer = try server.connect(to: "counter")
        #expect(try peer.ask("2") == "42 (generation 1)")
        #expect(try peer.ask("later") == "later 42 (generation 1)")
        #expect(try folder.martlet("metrics").output.contains("numbers_total"))
        #expect(
            try folder.martlet("plugins", "show", folder.file("counter.so")).output.contains("ABI         \(version)\n")
        )
        try folder.install(counter(version, headers: "Sources/CMartlet/include"), as: "counter.so")
        #expect(try server.reload("counter") == .swapped)
        #expect(try peer.ask("1") == "43 (generation 2)")
        try folder.install(old, as: "counter.so")
        #expect(try server.reload("counter") == .swapped)
        #expect(try peer.ask("1") == "44 (generation 3)")
        let refused = try folder.martlet("call", "counter", "anything")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("counter 1.0.0 has no operations"))
        #expect(try server.stop() == 0)
    }

    /// A later minor version on this host, which is the older one then.
    @Test func aNewerPluginGoesOnWithoutWhatThisHostLacks() throws {
        let folder = try ServerFolder()
        try folder.installFixture("newer")
        let server = try RunningServer(folder)
        #expect(try server.connect(to: "newer").ask("hello") == "without the future")
        let shown = try folder.martlet("plugins", "show", folder.file("newer.so")).output
        #expect(shown.contains("ABI         1.99\n"))
        #expect(shown.contains("offers      martlet.from-the-future/3, example.own/1\n"))
        #expect(shown.contains("    two  (integer, default 2)"))
    }
}
