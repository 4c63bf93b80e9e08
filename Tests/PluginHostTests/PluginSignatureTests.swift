import Configuration
import Glibc
import Testing

@testable import Instances
@testable import PluginHost

@Suite struct PluginSignatureTests {
    private let key = try! SigningKey(comment: "test")
    private let digest = try! SHA256.digest(of: Array("the plugin".utf8))
    private let folder = TrustFolder()

    private var file: String { folder.path("a.so") }

    private func sign() throws -> PluginSignature { try key.signature(of: digest) }

    /// Who has signed `a.so`, or the refusal without the folder's random name.
    private func signer(_ trust: PluginTrust) -> String {
        do throws(ImageRefusal) {
            return try trust.signer(of: file, digest: digest)?.name ?? "nobody"
        } catch {
            return error.description.replacing(folder.path + "/", with: "")
        }
    }

    // MARK: The text

    @Test func hasThreeLinesAndParsesBack() throws {
        let signature = try sign()
        let lines = signature.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 4 && lines[3].isEmpty)
        #expect(lines[0] == "martlet-plugin-signature/1")
        #expect(lines[1] == key.publicKey.base64)
        #expect(lines[2].count == 88)
        #expect(try PluginSignature(parsing: Array(signature.text.utf8)) == signature)
        #expect(try PluginSignature(parsing: Array(signature.text.utf8.dropLast())) == signature)
    }

    @Test func noTruncatedTextIsASignature() throws {
        let text = Array(try sign().text.utf8)
        for count in 0..<(text.count - 1) {
            #expect(throws: PluginSignature.Malformed.self, "cut to \(count) bytes") {
                try PluginSignature(parsing: Array(text[..<count]))
            }
        }
    }

    @Test func noSignatureWithAnAlteredByteIsValid() throws {
        let text = Array(try sign().text.utf8)
        for index in text.indices {
            var altered = text
            altered[index] ^= 1
            guard let signature = try? PluginSignature(parsing: altered) else { continue }
            // The last bits of a base64 text may belong to no byte, so changing them gives an equal signature.
            if try signature == sign() { continue }
            let isValid = try signature.isValid(for: digest)
            #expect(signature.publicKey != key.publicKey.bytes || !isValid, "byte \(index)")
        }
    }

    @Test(arguments: [
        ("", "expected \"martlet-plugin-signature/1\" as its first line"),
        ("martlet-plugin-signature/2\nA\nA\n", "expected \"martlet-plugin-signature/1\" as its first line"),
        ("martlet-plugin-signature/1", "expected 3 lines, found 1"),
        ("martlet-plugin-signature/1\nA\nA\nA\n", "expected 3 lines, found 4"),
        ("martlet-plugin-signature/1\nAAAA\nAAAA\n", "expected 32 bytes in base64 as its second line"),
        (
            "martlet-plugin-signature/1\n\(TrustedKeyText.one)\nAAAA\n",
            "expected 64 bytes in base64 as its third line"
        ),
        (
            "martlet-plugin-signature/1\r\n\(TrustedKeyText.one)\r\nAAAA\r\n",
            "expected \"martlet-plugin-signature/1\" as its first line"
        ),
    ])
    func reportsWhatIsWrongWithAMalformedSignature(text: String, problem: String) throws {
        folder.write("a.so.sig", text)
        #expect(
            signer(.signed(by: [key.publicKey])) == "a.so: its signature a.so.sig is malformed: \(problem)")
    }

    // MARK: The signed message

    @Test func theMessageIsAPurposeANulAndTheHash() {
        #expect(
            PluginSignature.message(digest)
                == Array("martlet-plugin-signature/1\0".utf8) + digest.bytes)
    }

    /// A signature for another purpose, by the same key, is not a signature of a plugin.
    @Test func aSignatureOfTheBareHashIsNotValid() throws {
        let raw = try Ed25519.PrivateKey()
        let bare = PluginSignature(publicKey: raw.publicKey, signature: try raw.signature(of: digest.bytes))
        #expect(try !bare.isValid(for: digest))
        let right = try raw.signature(of: PluginSignature.message(digest))
        #expect(try PluginSignature(publicKey: raw.publicKey, signature: right).isValid(for: digest))
    }

    /// A key and a signature that another library (swift-crypto 4.5.2) made, before Martlet used OpenSSL. Ed25519 uses no random
    /// numbers, so the signature never changes.
    @Test func keysAndSignaturesOutliveTheLibraryThatMadeThem() throws {
        let keyText = """
            martlet-private-key/1
            K3DYcdfrFge/3tFulIAue0raHRVtSOM/38+Ml5UunC4= made by swift-crypto

            """
        let signatureText = """
            martlet-plugin-signature/1
            0NxtT4ZrHHJN3qJcT+WmvIBPjk6a2KcpZNTs5IZA1QQ=
            6K/nS9/Asn5E805sAou0F+a2prVTci8e8JXSUNKC0IMMYTwGKH6h6rgDlng+/DQDCffosd2MxfSdhJnO4O7mBQ==

            """
        let signed = SHA256.Digest(bytes: [
            0x5f, 0xed, 0x37, 0x41, 0xaa, 0x0f, 0xf2, 0x45, 0xf3, 0x49, 0x4c, 0x4e, 0x4b, 0x55, 0x82, 0xe5,
            0xe9, 0x2e, 0xb4, 0x92, 0x33, 0xdf, 0xdb, 0xa4, 0xeb, 0x22, 0x4a, 0xb8, 0x2a, 0x7e, 0x62, 0xab,
        ])
        folder.write("key", keyText)
        chmod(folder.path("key"), 0o600)
        let key = try SigningKey(file: folder.path("key"))
        #expect(key.publicKey.text == "0NxtT4ZrHHJN3qJcT+WmvIBPjk6a2KcpZNTs5IZA1QQ= made by swift-crypto")
        #expect(try key.text() == keyText)
        #expect(try PluginSignature(parsing: Array(signatureText.utf8)).isValid(for: signed))
        #expect(try key.signature(of: signed).text == signatureText)
    }

    // MARK: Trusted keys

    @Test func theKeyThatSignedIsNamed() throws {
        folder.write("a.so.sig", try sign().text)
        let other = try SigningKey(comment: "other").publicKey
        #expect(signer(.signed(by: [key.publicKey])) == "\"test\"")
        #expect(signer(.signed(by: [other, key.publicKey])) == "\"test\"")
        #expect(signer(.any) == "nobody")
        #expect(signer(.unknown).hasPrefix("a.so: not checked: martlet.toml"))
        let found = "which names the key \(key.publicKey.base64)"
        #expect(
            signer(.signed(by: [other])) == "a.so: no trusted key matches its signature a.so.sig, \(found)")
    }

    @Test func otherContentIsRefused() throws {
        let other = try key.signature(of: SHA256.digest(of: Array("another".utf8)))
        folder.write("a.so.sig", other.text)
        let refusal =
            "its signature a.so.sig is not a signature of this content by the key \"test\": sign the file again"
        #expect(signer(.signed(by: [key.publicKey])) == "a.so: \(refusal)")
    }

    /// A signature that names a trusted key, but that another key made.
    @Test func aSignatureThatNamesAnotherKeyIsRefused() throws {
        let forged = PluginSignature(
            publicKey: key.publicKey.bytes,
            signature: try SigningKey(comment: "").signature(of: digest).signature)
        folder.write("a.so.sig", forged.text)
        #expect(signer(.signed(by: [key.publicKey])).contains("is not a signature of this content by the key \"test\""))
    }

    @Test func theFileOfTheSignatureIsCheckedToo() throws {
        let trust = PluginTrust.signed(by: [key.publicKey])
        #expect(signer(trust) == "a.so: is not signed: martlet.toml lists trusted_keys, and there is no a.so.sig")
        folder.write("a.so.sig", try sign().text)
        chmod(folder.path("a.so.sig"), 0o664)
        #expect(signer(trust).contains("its signature a.so.sig: users other than its owner can write it (mode 0664)"))
        folder.write("a.so.sig", [UInt8](repeating: 65, count: 4_097))
        #expect(signer(trust) == "a.so: its signature a.so.sig: too large: 4097 bytes, at most 4096 are accepted")
        unlink(folder.path("a.so.sig"))
        folder.makeFolder("a.so.sig")
        #expect(signer(trust) == "a.so: its signature a.so.sig: not a regular file")
        rmdir(folder.path("a.so.sig"))
        mkfifo(folder.path("a.so.sig"), 0o600)
        #expect(signer(trust) == "a.so: its signature a.so.sig: not a regular file")
    }
}

enum TrustedKeyText {
    /// The public key of test 1 in RFC 8032, section 7.1.
    static let one = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
}
