import Testing

/// A plugin that does not handle streams: it has none of `opened`, `received` and `closed`.
@Suite struct OtherPluginTests {
    private static let reason = "minimal has no opened, received and closed, which a listener for streams needs"

    @Test func aListenerRefusesIt() throws {
        let folder = try ServerFolder()
        try folder.installFixture("without-streams")
        let check = try folder.martlet("config", "check", folder.plugins)
        #expect(check.status == 1)
        #expect(check.errors.contains("without-streams.toml:1:"), "\(check.errors)")
        #expect(check.errors.contains(Self.reason), "\(check.errors)")
        let server = try RunningServer.echo()
        let peer = try server.connect()
        try server.folder.installFixture("without-streams")
        let receipt = try server.reload()
        #expect(receipt.isRefused)
        #expect(try receipt.entry(of: "without-streams").detail.contains(Self.reason))
        #expect(try peer.ask("still here") == "still here")
    }

    @Test func pluginsCheckAcceptsItWithANote() throws {
        let result = try Subprocess.run(
            BuildFolder.martlet, ["plugins", "check", try Fixture.library("without-streams")])
        #expect(result.status == 0, "\(result)")
        #expect(result.output.contains("only loaded, not exercised"), "\(result)")
        #expect(result.output.contains("no opened, received and closed"), "\(result)")
    }
}
