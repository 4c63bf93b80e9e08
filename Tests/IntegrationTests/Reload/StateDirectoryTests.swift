import Glibc
import Server
import Testing

/// A state directory that is damaged, missing, full or in use by another server.
@Suite struct StateDirectoryTests {
    private func start(_ folder: ServerFolder) throws -> Subprocess.Result {
        let words = RunningServer.command(folder)
        let process = try Subprocess(words[0], Array(words.dropFirst()))
        return try process.wait(within: .seconds(30))
    }

    @Test func isPrivateToThisUser() throws {
        let server = try RunningServer.echo()
        #expect(try Files.mode(server.folder.state) == 0o700)
        #expect(try Files.mode(server.folder.state + "/state.json") == 0o600)
        #expect(try Files.mode(server.folder.state + "/images") == 0o700)
    }

    @Test(arguments: [
        ("{ \"format\"", "is damaged"), ("[]", "is damaged"), ("", "is damaged"),
        ("{\"format\": 1, \"quarantine\": 5, \"heldBack\": {}}", "is damaged"),
        ("{\"format\": 2}", "has format 2, expected 1"),
    ])
    func aDamagedStateFileRefusesTheStart(text: String, reason: String) throws {
        let folder = try ServerFolder()
        try folder.installEcho()
        mkdir(folder.state, 0o700)
        let path = folder.state + "/state.json"
        try Files.replace(path, with: Array(text.utf8), mode: 0o600)
        let result = try start(folder)
        #expect(result.status == 1)
        #expect(result.errors.contains("\(path): \(reason)"), "\(result.errors)")
        #expect(result.errors.contains("to start without it, move it away"))
        #expect(try Files.text(path) == text, "expected an unchanged file")
        // No server holds the lock, so the command reads the file and reports the same problem.
        let forgiven = try folder.martlet("plugins", "forgive", "0123456789")
        #expect(forgiven.status == 1 && forgiven.errors.contains("\(path): \(reason)"))
        rename(path, path + ".away")
        let server = try RunningServer(folder)
        #expect(try server.connect().ask("x") == "x")
        withExtendedLifetime(server) {}
    }

    @Test func aFileThatOthersCanWriteRefusesTheStart() throws {
        let folder = try ServerFolder()
        try folder.installEcho()
        mkdir(folder.state, 0o700)
        try Files.replace(folder.state + "/state.json", with: Array("{\"format\": 1}".utf8), mode: 0o600)
        chmod(folder.state + "/state.json", 0o666)
        let result = try start(folder)
        #expect(result.status == 1 && result.errors.contains("users other than its owner can write it"), "\(result)")
    }

    @Test func aConfiguredFolderThatCannotBeMadeRefusesTheStart() throws {
        let folder = try ServerFolder(process: "state_directory = \"plugins.d/echo.toml/state\"")
        try folder.installEcho()
        let result = try start(folder)
        #expect(result.status == 1)
        #expect(
            result.errors.contains("cannot make the state directory \(folder.plugins)/echo.toml/state: Not a directory")
        )
    }

    @Test func theRuntimeDirectoryCannotBeTheStateDirectory() throws {
        let folder = try ServerFolder(process: "state_directory = \"run\"")
        try folder.installEcho()
        let result = try start(folder)
        #expect(result.status == 1 && result.errors.contains("is also the runtime directory"), "\(result)")
    }

    @Test func twoServersCannotShareOne() throws {
        let server = try RunningServer.echo()
        let other = try ServerFolder(process: "state_directory = \"\(server.folder.state)\"")
        try other.installEcho()
        let result = try start(other)
        #expect(result.status == 1)
        #expect(result.errors.contains("another server uses the state directory \(server.folder.state)"), "\(result)")
    }

    @Test(.enabled(if: ReadersMachine.isAvailable, "namespaces are not available"))
    func aDefaultDirectoryThatCannotBeMadeIsAWarning() throws {
        let folder = try ServerFolder(process: "state_directory = \"\"")
        try folder.serve(Mover("1"))
        let launcher =
            ["unshare"] + (geteuid() == 0 ? [] : ["--user", "--map-root-user"])
            + ["--mount", "sh", "-ec", "mount -t tmpfs -o ro tmpfs /var/lib; exec \"$@\"", "sh"]
        let server = try RunningServer(folder, launcher: launcher)
        let warning = "rollback and quarantine will not survive a restart: cannot make the state directory"
        try server.waitForLog(warning)
        #expect(server.log.split(separator: warning, omittingEmptySubsequences: false).count == 2, "\(server.log)")
        try server.swap(to: Mover("2"))
        try server.rollback("mover")
        #expect(try server.mover().ask("version") == "1")
        #expect(try server.reloaded("mover").outcome == .unchanged)
    }

    /// Moves the directory away to make writes fail, as they would on a full disk.
    @Test func aFailedWriteIsRetriedWithTheNextChange() throws {
        let server = try RunningServer.mover(Mover("1"))
        try server.swap(to: Mover("2"))
        let away = server.folder.path + "/away"
        rename(server.folder.state, away)
        try server.rollback("mover")
        try server.waitForLog("will not survive a restart: \(server.folder.state)/state.json")
        #expect(try server.mover().ask("version") == "1")
        rename(away, server.folder.state)
        #expect(try server.reloaded("mover").outcome == .unchanged, "expected the state in memory to count")
        try server.expectVersionAfterCrash("1")
    }

    @Test func aMissingOriginalRefusesOnlyItsListener() throws {
        let folder = try ServerFolder()
        try folder.serve(Mover("1"))
        try folder.installEcho()
        let server = try RunningServer(folder)
        let good = try server.row("mover").hash
        try server.swap(to: Mover("2"))
        try server.rollback("mover")
        server.crash()
        let original = folder.state + "/images/\(good).so"
        let bytes = try Files.read(original)
        for damage in [nil, Array(bytes.dropLast(100)), try Files.read(Mover("9").library())] {
            if let damage { try Files.replace(original, with: damage, mode: 0o600) } else { unlink(original) }
            let next = try RunningServer(folder)
            #expect(try next.connect().ask("others serve") == "others serve")
            let entry = try #require(try next.status().lastReload).entry(of: "mover")
            #expect(entry.outcome == .refused)
            #expect(entry.detail.contains("what ran instead cannot be used: \(original): "), "\(entry.detail)")
            #expect(entry.detail.contains("martlet plugins forgive"))
            #expect(try next.listener("mover") == nil)
            // A reload does not load the held-back version either.
            #expect(try next.reload().result == .partial)
            next.crash()
        }
        try Files.replace(original, with: bytes, mode: 0o600)
        let next = try RunningServer(folder)
        #expect(try next.mover().ask("version") == "1")
    }

    @Test func aQuarantinedPluginRefusesOnlyItsListenerAtTheStart() throws {
        let folder = try ServerFolder()
        try folder.installEcho()
        try folder.installShout()
        let hash = try String(Subprocess.run("sha256sum", [folder.file("shout.so")]).output.prefix(64))
        let entry = "{\"reason\": \"3 faults\", \"listener\": \"other\", \"time\": \"2026-01-01T00:00:00Z\"}"
        let text = "{\"format\": 1, \"quarantine\": {\"\(hash)\": \(entry)}, \"heldBack\": {}}"
        mkdir(folder.state, 0o700)
        try Files.replace(folder.state + "/state.json", with: Array(text.utf8), mode: 0o600)
        let server = try RunningServer(folder)
        let receipt = try #require(try server.status().lastReload)
        #expect(receipt.result == .partial && receipt.outcomes == ["echo started", "shout refused"])
        #expect(try receipt.entry(of: "shout").detail.contains("failed its trial (3 faults)"))
        #expect(server.process.output.contains("shout: refused: "), "\(server.process.output)")
        #expect(try server.connect().ask("x") == "x")
        #expect(try folder.martlet("plugins", "forgive", hash).status == 0)
        #expect(try server.reload().outcomes == ["echo unchanged", "shout started"])
    }

    @Test func theSignatureIsKeptAndVerifiedAfterARestart() throws {
        let folder = try ServerFolder()
        for key in ["one", "two"] {
            #expect(try folder.keyCommand("plugins", "keygen", "\(folder.path)/\(key)").status == 0)
        }
        func trust(_ key: String) throws {
            let line = try Files.text("\(folder.path)/\(key).pub").split(separator: "\n")[0]
            try folder.configure("trusted_keys = [\"\(line)\"]")
        }
        func sign(_ key: String) throws {
            let result = try folder.keyCommand(
                "plugins", "sign", "--key", "\(folder.path)/\(key)", folder.file("mover.so"))
            #expect(result.status == 0, "\(result)")
        }
        try trust("one")
        try folder.serve(Mover("1"))
        try sign("one")
        let server = try RunningServer(folder)
        try folder.install(Mover("2"))
        try sign("one")
        #expect(try server.reloaded("mover").outcome == .swapped)
        try server.rollback("mover")
        let next = try server.restarted()
        #expect(try next.mover().ask("version") == "1")
        next.crash()
        // The other key has signed the file in the folder, but no trusted key has signed the version that ran.
        try trust("two")
        try sign("two")
        let last = try RunningServer(folder)
        let entry = try #require(try last.status().lastReload).entry(of: "mover")
        #expect(entry.outcome == .refused && entry.detail.contains("no trusted key matches its signature"), "\(entry)")
    }
}

extension ServerFolder {
    /// The command line without `--config`.
    fileprivate func keyCommand(_ arguments: String...) throws -> Subprocess.Result {
        try Subprocess.run(BuildFolder.martlet, arguments)
    }
}
