import Testing

@testable import Configuration

struct TrustedKeyTests {
    /// The public key of test 1 in RFC 8032, section 7.1.
    static let text = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

    @Test(arguments: [
        ("", ""), (" a", "a"), (" build server, 2026", "build server, 2026"), ("   a  b ", "a  b "), (" ", ""),
    ])
    func takesAKeyWithOrWithoutAComment(tail: String, comment: String) throws {
        let key = try TrustedKey(parsing: Self.text + tail)
        #expect(key.bytes.prefix(4) == [0xD7, 0x5A, 0x98, 0x01])
        #expect(key.bytes.count == 32)
        #expect(key.comment == comment)
        #expect(try TrustedKey(parsing: key.text) == key)
    }

    @Test(arguments: [
        ("", "the text \"\""),
        ("key", "the text \"key\""),
        (" " + text, "the text \" \(text)\""),
        (text.dropLast() + "", "the text \"\(text.dropLast())\""),
        // A lax decoder reads the same bytes from this text.
        ("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURp=", "the text \"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURp=\""),
        ("AAAA", "3 bytes"),
        (text + " a\u{7}", "a control character in the comment"),
        (text + " a\nb", "a control character in the comment"),
    ])
    func refusesTextThatIsNotAKey(text: String, found: String) {
        #expect(throws: TrustedKey.Problem(found: found)) { try TrustedKey(parsing: text) }
    }

    /// The points of small order and other encodings of them, with either sign.
    @Test(arguments: [0, 1, 0xEC, 0xED, 0xEE] as [UInt8], [0, 0x80] as [UInt8])
    func refusesAKeyForWhichEverybodyCanSign(first: UInt8, sign: UInt8) {
        let rest: UInt8 = first < 2 ? 0 : 0xFF
        let bytes = [first] + [UInt8](repeating: rest, count: 30) + [(rest & 0x7F) | sign]
        #expect(throws: TrustedKey.Problem.self) { try TrustedKey(bytes: bytes, comment: "") }
    }

    @Test func everyBadKeyHasItsPlace() throws {
        let (process, _, problems) = try readProcess(
            "trusted_keys = [\n  '\(Self.text) one',\n  'two',\n  '\(String(repeating: "A", count: 43))='\n]")
        let point = "a point of small order, for which everybody can sign"
        #expect(
            problems == [
                "martlet.toml:3:3: trusted_keys[1]: \(TrustedKey.expectation), found the text \"two\"",
                "martlet.toml:4:3: trusted_keys[2]: \(TrustedKey.expectation), found \(point)",
            ])
        #expect(process.trustedKeys.map(\.comment) == ["one"])
    }
}

/// Which plugins may be loaded once everything is read.
struct PluginTrustTests {
    let folder = TemporaryFolder()

    private func load(_ text: String?, check: AdmissionCheck? = nil) -> LoadedConfiguration {
        if let text { folder.write("martlet", text) }
        return ConfigurationFolder.load(
            directory: nil, processFile: .ifPresent(folder.path + "/martlet"), parser: .inProcess, check: check)
    }

    @Test func withoutKeysAnyPluginMayBeLoaded() {
        #expect(load(nil).trust == .any)
        #expect(load("").trust == .any)
        #expect(load("trusted_keys = []").trust == .any)
    }

    @Test func withKeysOnlySignedPluginsMayBeLoaded() throws {
        let key = try TrustedKey(parsing: TrustedKeyTests.text)
        #expect(load("trusted_keys = ['\(key.text)']").trust == .signed(by: [key]))
    }

    /// The file may have been meant to list keys.
    @Test(arguments: [
        "trusted_keys = ['\(TrustedKeyTests.text)', 'x']", "trusted_keys = 'x'", "trusted-keys = ['x']", "loops = -1",
        "trusted_keys = [", "\0",
    ])
    func aFileWithAProblemTrustsNoPlugin(text: String) {
        #expect(load(text).trust == .unknown)
    }

    @Test func aFileThatIsNotAdmittedTrustsNoPlugin() {
        let loaded = load("trusted_keys = []") { _, path in path.hasSuffix("martlet") ? "no" : nil }
        #expect(loaded.trust == .unknown)
        #expect(loaded.diagnostics.map(\.message) == ["no"])
    }

    @Test func aFolderThatIsNotAdmittedIsNotRead() {
        folder.write("a.toml", "[")
        let loaded = ConfigurationFolder.load(directory: folder.path, processFile: .none, parser: .inProcess) {
            [path = folder.path] in
            $1 == path && $0 >= 0 ? "no" : nil
        }
        #expect(loaded.diagnostics.map(\.description) == ["\(folder.path): no"])
    }

    @Test func aListenerFileThatIsNotAdmittedIsNotRead() {
        folder.write("a.toml", "[")
        let loaded = ConfigurationFolder.load(directory: folder.path, processFile: .none, parser: .inProcess) {
            _, path in
            path.hasSuffix("/a.toml") ? "no" : nil
        }
        #expect(loaded.diagnostics.map(\.description) == ["\(folder.path)/a.toml: no"])
    }
}
