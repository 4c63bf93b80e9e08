import Configuration
import FoundationEssentials

/// `FILE.sig`, the detached signature of a plugin: three lines of text.
///
///     martlet-plugin-signature/1
///     the public key, 32 bytes in base64
///     the Ed25519 signature (RFC 8032), 64 bytes in base64
///
/// The key only selects the trusted key to verify with. Nothing in this file is trusted before that verification.
package struct PluginSignature: Sendable, Equatable {
    package struct Malformed: Error {
        package let text: String
    }

    /// Follows the name of the plugin's file.
    package static let suffix = ".sig"
    static let header = "martlet-plugin-signature/1"
    /// Far more than three lines need.
    static let sizeLimit = 4 << 10

    package let publicKey: [UInt8]
    package let signature: [UInt8]

    init(publicKey: [UInt8], signature: [UInt8]) {
        self.publicKey = publicKey
        self.signature = signature
    }

    package init(parsing bytes: [UInt8]) throws(Malformed) {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Malformed(text: "it is not UTF-8 text") }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        // The newline at the end is optional.
        if lines.last == "" { lines.removeLast() }
        guard lines.first.map(String.init) == Self.header else {
            throw Malformed(text: "expected \"\(Self.header)\" as its first line")
        }
        guard lines.count == 3 else { throw Malformed(text: "expected 3 lines, found \(lines.count)") }
        guard let publicKey = decoded(lines[1], count: TrustedKey.size) else {
            throw Malformed(text: "expected \(TrustedKey.size) bytes in base64 as its second line")
        }
        guard let signature = decoded(lines[2], count: Ed25519.signatureSize) else {
            throw Malformed(text: "expected \(Ed25519.signatureSize) bytes in base64 as its third line")
        }
        self.init(publicKey: publicKey, signature: signature)
    }

    package var text: String {
        "\(Self.header)\n\(Data(publicKey).base64EncodedString())\n\(Data(signature).base64EncodedString())\n"
    }

    /// The signed message: a name for the purpose, so that no signature for another purpose fits, a NUL byte, and the SHA-256 of
    /// the plugin's content.
    static func message(_ digest: SHA256.Digest) -> [UInt8] {
        Array(header.utf8) + [0] + digest.bytes
    }

    /// Whether the key that this names has signed the content.
    func isValid(for digest: SHA256.Digest) throws(CryptoFailure) -> Bool {
        try Ed25519.isSignature(signature, of: Self.message(digest), by: publicKey)
    }
}

/// Decodes strict base64 of exactly `count` bytes.
func decoded(_ line: some StringProtocol, count: Int) -> [UInt8]? {
    guard let data = Data(base64Encoded: String(line)), data.count == count else { return nil }
    return Array(data)
}
