import Glibc
import Server
import Testing

/// A reload refuses a folder that has become empty, which is more likely an accident than intended.
@Suite struct EmptyFolderTests {
    @Test func aReloadOfAnEmptiedFolderIsRefused() throws {
        let server = try RunningServer.echo()
        let peer = try server.connect()
        try server.folder.remove("echo.toml")
        let receipt = try server.reload()
        #expect(receipt.result == .refused)
        #expect(
            try receipt.entry(of: "").detail
                == "\(server.folder.plugins): contains no listener files; to stop all listeners: martlet reload --allow-empty"
        )
        #expect(try server.reload(partial: true).result == .refused)
        server.signal(SIGHUP)
        try waitUntil("the signal has its receipt") { try server.status().lastReload?.sequence == 4 }
        #expect(try server.status().lastReload?.result == .refused)
        #expect(try peer.ask("still there") == "still there")
        #expect(try server.connect().ask("and new") == "and new")
    }

    @Test func withAllowEmptyItStopsAllListeners() throws {
        let server = try RunningServer.echo()
        try server.folder.remove("echo.toml")
        let result = try server.folder.martlet("reload", "--allow-empty")
        #expect(result.status == 0)
        #expect(result.output.contains("stopped"))
        try waitUntil("no listener is left") { try server.status().listeners.isEmpty }
        // A second reload succeeds: there is nothing left to stop.
        #expect(try server.reload().result == .done)
    }

    /// Disabling every listener with `enabled = false` is an explicit decision, so the reload is not refused.
    @Test func disabledListenersDoNotCountAsAnEmptyFolder() throws {
        let server = try RunningServer.echo()
        try server.folder.listen("echo", plugin: "echo.so", "enabled = false")
        #expect(try server.reload().outcomes == ["echo stopped"])
    }
}
