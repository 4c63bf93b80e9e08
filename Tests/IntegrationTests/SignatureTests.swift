import Glibc
import Instances
import PluginHost
import Server
import Testing

/// `trusted_keys`: plugins with and without a signature.
@Suite struct SignatureTests {
    /// A folder with two keys and a signed echo plugin; `martlet.toml` trusts the key called "one".
    private struct Signed {
        let folder: ServerFolder
        let keys: [String: String]
        private static let names = ["one", "two"]

        init() throws {
            folder = try ServerFolder()
            var keys: [String: String] = [:]
            for name in Self.names {
                let result = try Subprocess.run(
                    BuildFolder.martlet, ["plugins", "keygen", "\(folder.path)/\(name)", "--json"])
                keys[name] = try decodeJSON(Keygen.self, from: result.output).publicKey
            }
            self.keys = keys
            try trust("one")
            try folder.installEcho()
            try sign()
        }

        func trust(_ names: String...) throws {
            try folder.configure("trusted_keys = [\(names.map { "\"\(keys[$0]!)\"" }.joined(separator: ", "))]")
        }

        @discardableResult
        func sign(_ name: String = "echo.so", by key: String = "one") throws -> Subprocess.Result {
            try Subprocess.run(
                BuildFolder.martlet, ["plugins", "sign", "--key", "\(folder.path)/\(key)", folder.file(name)])
        }

        func installOther() throws {
            try folder.install(BuildFolder.plugin("EchoPlugin"), as: "echo.so", appending: [7])
        }
    }

    /// The output of `martlet plugins keygen --json`.
    private struct Keygen: Decodable {
        var publicKey: String
    }

    @Test func aSignedPluginIsServedAndSwapped() throws {
        let signed = try Signed()
        let server = try RunningServer(signed.folder)
        #expect(try server.connect().ask("one") == "one")
        try signed.installOther()
        try signed.sign()
        #expect(try server.reload("echo") == .swapped)
        #expect(try server.connect().ask("two") == "two")
    }

    @Test func badSignaturesAreRefusedAndNothingChanges() throws {
        let signed = try Signed()
        let server = try RunningServer(signed.folder)
        let peer = try server.connect()
        let path = signed.folder.file("echo.so.sig")
        let good = try Files.read(path)
        func expectRefused(_ reason: String) throws {
            let receipt = try server.reload()
            #expect(receipt.isRefused, "\(reason)")
            #expect(receipt.entries[0].detail.contains(reason), "\(receipt.entries)")
            #expect(try peer.ask("old") == "old")
            #expect(try server.status().listeners[0].generations.map(\.generation) == [1])
        }
        unlink(path)
        try expectRefused("echo.so: is not signed: martlet.toml lists trusted_keys, and there is no \(path)")
        for count in [0, 20, good.count / 2, good.count - 3] {
            try Files.replace(path, with: Array(good[..<count]), mode: 0o644)
            try expectRefused("its signature \(path) is malformed: ")
        }
        try signed.sign(by: "two")
        try expectRefused("no trusted key matches its signature \(path), which names the key ")
        try Files.replace(path, with: good, mode: 0o644)
        try signed.installOther()
        try expectRefused("its signature \(path) is not a signature of this content by the key \"one\"")
        try signed.folder.installEcho()
        chmod(path, 0o666)
        try expectRefused("its signature \(path): users other than its owner can write it (mode 0666)")
        chmod(path, 0o644)
        #expect(try server.reload("echo") == .unchanged)
    }

    /// The reload is refused even though the plugin already runs and its file has not changed.
    @Test func aKeyThatIsNoLongerTrustedRefusesTheReload() throws {
        let signed = try Signed()
        let server = try RunningServer(signed.folder)
        try signed.trust("two")
        let receipt = try server.reload()
        #expect(receipt.isRefused)
        #expect(receipt.entries[0].detail.contains("no trusted key matches"))
        #expect(try server.connect().ask("on") == "on")
        try signed.sign(by: "two")
        #expect(try server.reload("echo") == .unchanged)
        try signed.trust("one", "two")
        #expect(try server.reload("echo") == .unchanged)
    }

    /// A rollback makes the previous generation again without its file, so it must check that the key of its signature is still trusted.
    @Test func aRollbackNeedsAKeyThatIsStillTrusted() throws {
        let signed = try Signed()
        let server = try RunningServer(signed.folder)
        try signed.installOther()
        try signed.sign(by: "two")
        try signed.trust("two")
        #expect(try server.reload("echo") == .swapped)
        let refused = try signed.folder.martlet("rollback", "echo")
        #expect(refused.status == 1)
        #expect(refused.output.contains("is not signed by any of the current trusted_keys"), "\(refused)")
        #expect(try server.status().listeners[0].generations.map(\.generation) == [2])
        try signed.trust("one", "two")
        #expect(try server.reload("echo") == .unchanged)
        #expect(try signed.folder.martlet("rollback", "echo").status == 0)
    }

    @Test func theKeysTakeEffectWithTheNextReload() throws {
        let server = try RunningServer.echo()
        try server.folder.configure("trusted_keys = [\"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= one\"]")
        let receipt = try server.reload()
        #expect(receipt.isRefused)
        #expect(receipt.entries[0].detail.contains("is not signed"))
        try server.folder.configure("")
        let next = try server.reload()
        #expect(!next.isRefused && next.needsRestart.isEmpty)
    }

    @Test func anUnsignedPluginIsNotEvenProbed() throws {
        let signed = try Signed()
        try signed.folder.installFixture("crashes-in-constructor")
        let words = RunningServer.command(signed.folder)
        let result = try Subprocess.run(words[0], Array(words.dropFirst()))
        #expect(result.status == 1)
        #expect(result.errors.contains("crashes-in-constructor.so: is not signed"), "\(result.errors)")
        try signed.sign("crashes-in-constructor.so")
        let again = try Subprocess.run(words[0], Array(words.dropFirst()))
        #expect(again.errors.contains("crashed (SIGSEGV)"), "\(again.errors)")
    }

    @Test func pluginsCheckNamesTheKey() throws {
        let signed = try Signed()
        let file = signed.folder.file("echo.so")
        let good = try signed.folder.martlet("plugins", "check", file)
        #expect(good.status == 0)
        #expect(good.output.contains("signed by \"one\""))
        // Without --config, the command finds martlet.toml beside the folder.
        for words in [[file], [file, "--json"]] {
            let result = try Subprocess.run(BuildFolder.martlet, ["plugins", "check"] + words)
            #expect(result.status == 0)
            #expect(result.output.contains(words.count == 1 ? "signed by \"one\"" : "\"comment\" : \"one\""))
        }
        unlink(file + ".sig")
        let bad = try signed.folder.martlet("plugins", "check", file)
        #expect(bad.status == 1)
        #expect(bad.output.contains("echo.so: refused: is not signed"))
        try signed.folder.configure("")
        let unasked = try signed.folder.martlet("plugins", "check", file)
        #expect(unasked.status == 0)
        #expect(unasked.output.contains("signature not checked (no trusted_keys)"))
        try signed.folder.configure("trusted_keys = [\"x\"]")
        let broken = try signed.folder.martlet("plugins", "check", file)
        #expect(broken.status == 1)
        #expect(broken.errors.contains("martlet.toml:3:17: trusted_keys[0]: expected an Ed25519 public key"))
    }

    @Test func aTrailingSlashDoesNotHideTheKeys() throws {
        let signed = try Signed()
        unlink(signed.folder.file("echo.so.sig"))
        for folder in [signed.folder.plugins, signed.folder.plugins + "/", signed.folder.plugins + "/."] {
            let result = try Subprocess.run(BuildFolder.martlet, ["config", "check", folder])
            #expect(result.status == 1, "\(folder)")
            #expect(result.errors.contains("is not signed"), "\(folder): \(result.errors)")
        }
    }

    @Test func keygenKeepsExistingFilesAndProtectsTheKey() throws {
        let folder = try TemporaryFolder()
        let key = folder.path + "/key"
        let first = try Subprocess.run(BuildFolder.martlet, ["plugins", "keygen", key, "--comment", "build server"])
        #expect(first.status == 0)
        #expect(try Files.mode(key) == 0o600)
        let line = try Files.text(key + ".pub").dropLast()
        #expect(line.hasSuffix(" build server"))
        #expect(first.output.contains("trusted_keys = [\"\(line)\"]"))
        let text = try Files.text(key)
        let second = try Subprocess.run(BuildFolder.martlet, ["plugins", "keygen", key])
        #expect(second.status == 1)
        #expect(second.errors.contains("\(key): already exists and is not overwritten"))
        #expect(try Files.text(key) == text)
        #expect(Files.names(in: folder.path) == ["key", "key.pub"])
    }

    @Test func signReportsItsResultAndRefusesOtherFiles() throws {
        let signed = try Signed()
        let done = try signed.sign()
        #expect(done.status == 0)
        #expect(done.output.hasPrefix("\(signed.folder.file("echo.so.sig")): signs "))
        #expect(done.output.contains("with the key \"one\""))
        #expect(try Files.mode(signed.folder.file("echo.so.sig")) == 0o644)
        let refused = try signed.sign("echo.toml")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("echo.toml: not a shared library"))
        chmod(signed.folder.path + "/one", 0o640)
        let open = try signed.sign()
        #expect(open.status == 1)
        #expect(open.errors.contains("one: users other than its owner can use it: chmod go= "))
    }
}
