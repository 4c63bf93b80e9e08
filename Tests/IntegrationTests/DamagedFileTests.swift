import Glibc
import LoadGenerator
import Testing

/// Files in `plugins.d` that are not complete plugins, and files that change while the server runs.
@Suite struct DamagedFileTests {
    @Test func incompleteLibrariesAreRefusedWithTheReason() throws {
        let server = try RunningServer.echo()
        let descriptors = try server.status().fileDescriptors
        let library = try Files.read(BuildFolder.plugin("EchoPlugin"))
        var foreign = library
        foreign[18] = 0xF3
        let damaged: [(String, [UInt8], String)] = [
            ("empty", [], "the file is empty"),
            ("text", Array("#!/bin/sh\nexit 0\n".utf8), "it does not begin with the ELF magic number"),
            ("foreign", foreign, "built for another machine"),
            ("program", try Files.read("/bin/true"), "cannot be loaded"),
        ]
        let truncated = [10, 64, 1_000, library.count / 2, library.count - 1].map {
            ("truncated at \($0)", Array(library[..<$0]), "truncated: ")
        }
        for (name, bytes, reason) in damaged + truncated {
            try Files.replace(server.folder.file("bad.so"), with: bytes)
            try expectRefused(server, name, reason)
        }
        try waitUntil("no descriptor leaks") { try server.status().fileDescriptors <= descriptors }
    }

    private func expectRefused(_ server: RunningServer, _ name: String, _ reason: String) throws {
        try server.folder.listen("bad", plugin: "bad.so")
        let receipt = try server.reload()
        #expect(receipt.isRefused, "\(name)")
        #expect(receipt.entries.contains { $0.detail.contains(reason) }, "\(name): \(receipt.entries)")
        #expect(try server.connect().ask(name) == name)
    }

    @Test func nonFilesAreRefusedWithoutBlocking() throws {
        let server = try RunningServer.echo()
        let path = server.folder.file("bad.so")
        mkdir(path, 0o755)
        try expectRefused(server, "directory", "not a regular file")
        rmdir(path)
        symlink("/nonexistent/plugin.so", path)
        try expectRefused(server, "dangling link", "cannot be opened: No such file or directory")
        unlink(path)
        mkfifo(path, 0o644)
        try expectRefused(server, "fifo", "not a regular file")
        unlink(path)
        try expectRefused(server, "nothing", "cannot be opened: No such file or directory")
    }

    @Test(arguments: ["garbage", "nothing"])
    func aRunningPluginsFileMayBeOverwrittenInPlace(with what: String) throws {
        let server = try RunningServer.echo()
        let stop = StopSignal()
        var load = EchoLoad(address: try TargetAddress(server.address().text), ending: .stopped(by: stop), seed: 1)
        load.connections = 8
        let streams = try Background { [load] in try load.run() }
        let bytes = what == "garbage" ? patternBytes(200_000) : []
        try Files.overwrite(server.folder.file("echo.so"), with: bytes)
        for _ in 0..<20 { #expect(try server.connect().ask("new") == "new") }
        #expect(try server.row("echo").state == .outdated)
        #expect(try server.reload().isRefused)
        #expect(try server.connect().ask("after") == "after")
        stop.stop()
        let report = try streams.value()
        #expect(report.isClean, "\(report.firstFailure ?? "")")
        #expect(report.messages > 0)
    }

    @Test func privateCopiesAreReadableByThisUserOnly() throws {
        let server = try RunningServer.echo()
        #expect(try Files.mode(server.folder.runtime) == 0o700)
        #expect(try Files.mode(server.folder.images) == 0o700)
        let hash = try server.row("echo").hash
        #expect(Files.names(in: server.folder.images) == ["\(hash).so"])
    }
}
