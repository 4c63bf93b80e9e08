import Testing

/// An address that is already in use.
@Suite struct PortConflictTests {
    @Test func aPortInUseAtTheStartIsNamedWithItsFile() throws {
        let holder = try PortHolder()
        let folder = try ServerFolder()
        try folder.installEcho(on: ["127.0.0.1:\(holder.port)"])
        let command = RunningServer.command(folder)
        let result = try Subprocess.run(command[0], Array(command.dropFirst()))
        #expect(result.status == 1)
        #expect(result.errors.contains("echo.toml:2:"))
        #expect(result.errors.contains("port \(holder.port) is in use by another program"))
        #expect(!Files.exists(folder.controlSocket))
    }

    @Test func aReloadToAPortInUseIsRefused() throws {
        let holder = try PortHolder()
        let server = try RunningServer.echo()
        let peer = try server.connect()
        // Wait until it is accepted, not only connected.
        #expect(try peer.ask("before") == "before")
        let before = try server.status()
        try server.folder.listen("echo", plugin: "echo.so", on: ["127.0.0.1:0", "127.0.0.1:\(holder.port)"])
        let entry = try #require(try server.reload().entries.first)
        #expect(entry.outcome == .refused)
        #expect(entry.detail.contains("echo.toml:2:"))
        #expect(entry.detail.contains("listen[1]"))
        #expect(entry.detail.contains("port \(holder.port) is in use"))
        #expect(try peer.ask("here") == "here")
        #expect(try server.connect().ask("here") == "here")
        try waitUntil("no descriptor leaks") {
            try server.status().fileDescriptors <= before.fileDescriptors
        }
    }

    @Test func anotherServersPortIsInUseToo() throws {
        let first = try RunningServer.echo()
        let port = try first.address().port
        let folder = try ServerFolder()
        try folder.installEcho(on: ["127.0.0.1:\(port)"])
        let result = try Subprocess.run(BuildFolder.martlet, Array(RunningServer.command(folder).dropFirst()))
        #expect(result.status == 1)
        #expect(result.errors.contains("port \(port) is in use"))
    }

    @Test func twoListenersOfOneFolderMayNotShareAnAddress() throws {
        let folder = try ServerFolder()
        let port = try freePort()
        try folder.installEcho(on: ["127.0.0.1:\(port)"])
        try folder.listen("twin", plugin: "echo.so", on: ["*:\(port)"])
        let result = try folder.martlet("config", "check", folder.plugins)
        #expect(result.status == 1)
        #expect(result.errors.contains("twin.toml:2:") && result.errors.contains("echo"))
    }
}
