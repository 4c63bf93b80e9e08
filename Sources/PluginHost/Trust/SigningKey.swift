import Configuration
import FoundationEssentials
import Glibc

/// The private half of a trusted key, for signing plugins. The server never needs one.
///
/// Its file has two lines: `martlet-private-key/1`, and 32 bytes in base64 with a space and the comment.
package struct SigningKey: Sendable {
    package static let header = "martlet-private-key/1"
    private static let sizeLimit = 4 << 10

    private let key: Ed25519.PrivateKey
    package let publicKey: TrustedKey

    private init(_ key: Ed25519.PrivateKey, comment: String) throws(TrustedKey.Problem) {
        self.key = key
        publicKey = try TrustedKey(bytes: key.publicKey, comment: comment)
    }

    /// Generates a key. Throws `TrustedKey.Problem` when the comment is invalid, or `CryptoFailure`.
    package init(comment: String) throws {
        try self.init(Ed25519.PrivateKey(), comment: comment)
    }

    /// Reads a key's file, which only its owner may be able to read.
    package init(file: String) throws(FileProblem) {
        let bytes: [UInt8]
        do throws(RegularFile.Problem) {
            bytes = try RegularFile.read(file, limit: Self.sizeLimit, check: Self.privacyProblem)
        } catch {
            throw FileProblem(file, error.text)
        }
        let malformed = FileProblem(file, "not a private key: expected \"\(Self.header)\", then 32 bytes in base64")
        guard let (seed, comment) = Self.parts(of: String(decoding: bytes, as: UTF8.self)) else { throw malformed }
        do {
            try self.init(Ed25519.PrivateKey(seed: seed), comment: comment)
        } catch let failure as CryptoFailure {
            throw FileProblem(file, "cannot be used: \(failure)")
        } catch {
            throw malformed
        }
    }

    private static func parts(of text: String) -> (seed: [UInt8], comment: String)? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 2 || lines.count == 3 && lines[2].isEmpty, lines[0] == header else { return nil }
        let parts = lines[1].split(separator: " ", maxSplits: 1)
        guard let seed = parts.first.flatMap({ decoded($0, count: Ed25519.keySize) }) else { return nil }
        return (seed, parts.count > 1 ? String(parts[1]) : "")
    }

    /// The content of its file.
    func text() throws(CryptoFailure) -> String {
        let seed = Data(try key.seed()).base64EncodedString()
        return "\(Self.header)\n\(seed)\(publicKey.comment.isEmpty ? "" : " " + publicKey.comment)\n"
    }

    private static func privacyProblem(_ descriptor: Int32, _ path: String) -> String? {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return "cannot be examined: \(errorText())" }
        guard status.st_mode & 0o077 == 0 else {
            return "users other than its owner can use it: chmod go= \(shellWord(path))"
        }
        return FileOwnership(status).problem(path: path, user: geteuid())
    }

    /// Writes `FILE` (mode 0600) and `FILE.pub`; neither may exist.
    package func write(to file: String) throws(FileProblem) {
        let publicFile = file + Self.publicSuffix
        let text: String
        do throws(CryptoFailure) {
            text = try self.text()
        } catch {
            throw FileProblem(file, "cannot be created: \(error)")
        }
        try NewFile.create(file, text, mode: 0o600)
        do throws(FileProblem) {
            try NewFile.create(publicFile, publicKey.text + "\n", mode: 0o644)
        } catch {
            unlink(file)
            throw error
        }
    }

    package static let publicSuffix = ".pub"

    // MARK: Signing

    /// The result of `sign`.
    package struct Signed: Sendable {
        /// SHA-256 of the content, 64 hexadecimal digits.
        package let hash: String
        /// The path of the signature.
        package let signatureFile: String
    }

    /// Signs the current content of a file, and puts the signature beside it. It replaces an older one atomically.
    package func sign(_ file: String) throws(FileProblem) -> Signed {
        let bytes: [UInt8]
        do throws(ImageRefusal) {
            // The server checks who can write the file when it loads it; on the way there the owner and mode change anyway.
            bytes = try ImageStore.read(file, check: { _, _ in nil })
        } catch {
            throw FileProblem(file, error.reason)
        }
        if let problem = ELFHeader.problem(in: bytes.span) { throw FileProblem(file, problem) }
        let path = file + PluginSignature.suffix
        let digest: SHA256.Digest
        let signature: PluginSignature
        do throws(CryptoFailure) {
            digest = try SHA256.digest(of: bytes)
            signature = try self.signature(of: digest)
        } catch {
            throw FileProblem(file, "cannot be signed: \(error)")
        }
        try NewFile.replace(path, signature.text, mode: 0o644)
        return Signed(hash: digest.hexadecimal, signatureFile: path)
    }

    func signature(of digest: SHA256.Digest) throws(CryptoFailure) -> PluginSignature {
        let signature = try key.signature(of: PluginSignature.message(digest))
        return PluginSignature(publicKey: publicKey.bytes, signature: signature)
    }
}
