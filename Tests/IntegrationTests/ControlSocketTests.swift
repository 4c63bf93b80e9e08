import Testing

/// The socket on which a server answers requests of the user that runs it.
@Suite struct ControlSocketTests {
    @Test func isPrivateToItsUser() throws {
        let server = try RunningServer.echo()
        #expect(try Files.mode(server.folder.controlSocket) == 0o600)
    }

    @Test(arguments: ["\n", "garbage\n", "{\"request\":\"explode\"}\n", "{\"request\":\n"])
    func answersNonsenseWithAnError(line: String) throws {
        let server = try RunningServer.echo()
        let peer = try Peer(.unix(path: server.folder.controlSocket))
        try peer.send(line)
        #expect(try peer.receiveLine().contains("\"error\":\"this server does not know the request"))
        _ = try server.status()
    }

    @Test func survivesHalfALineAndALineWithoutEnd() throws {
        let server = try RunningServer.echo()
        let silent = try Peer(.unix(path: server.folder.controlSocket))
        let half = try Peer(.unix(path: server.folder.controlSocket))
        try half.send("{\"request\":\"sta")
        let endless = try Peer(.unix(path: server.folder.controlSocket))
        _ = try? endless.send(patternBytes(300_000).map { $0 & 0x3F | 0x40 })
        _ = try? endless.waitForEnd()
        for _ in 0..<5 { _ = try server.status() }
        half.reset()
        silent.close()
        #expect(try server.connect().ask("hi") == "hi")
    }

    @Test func manyRequestsAtOnceAreAnswered() throws {
        let server = try RunningServer.echo()
        let peers = try (0..<12).map { _ in try Peer(.unix(path: server.folder.controlSocket)) }
        for peer in peers { try peer.send("{\"request\":\"plugins\"}\n") }
        for peer in peers { #expect(try peer.receiveLine().contains("echo.so")) }
    }

    @Test func aSecondServerInTheSameRuntimeDirectoryIsRefused() throws {
        let server = try RunningServer.echo()
        let command = RunningServer.command(server.folder)
        let result = try Subprocess.run(command[0], Array(command.dropFirst()))
        #expect(result.status == 1)
        #expect(result.errors.contains("another server uses the runtime directory \(server.folder.runtime)"))
        #expect(result.errors.contains("runtime_directory"))
        #expect(try server.connect().ask("first") == "first")
        _ = try server.status()
    }
}
