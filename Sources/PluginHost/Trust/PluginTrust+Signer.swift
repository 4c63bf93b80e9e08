import Configuration
import FoundationEssentials

extension ProcessConfiguration {
    /// Whether an image that was accepted earlier would still be accepted: its signer is among the current keys.
    package func trusts(_ image: StagedImage) -> Bool {
        trustedKeys.isEmpty || trustedKeys.contains { $0.bytes == image.signer?.bytes }
    }
}

extension PluginTrust {
    /// Verifies who has signed a plugin; nil when no signature is required.
    ///
    /// - Parameters:
    ///   - file: as the listener or the command line names it; the signature is beside that name, even when the name is a link.
    ///   - digest: of the bytes that were read and that become the private copy. The file is never read again for it.
    func signer(of file: String, digest: SHA256.Digest) throws(ImageRefusal) -> TrustedKey? {
        let keys: [TrustedKey]
        switch self {
        case .any: return nil
        case .unknown:
            throw ImageRefusal(file, "not checked: martlet.toml, which may list trusted_keys, has a problem")
        case .signed(let trusted): keys = trusted
        }
        let signature = try readSignature(of: file)
        let path = file + PluginSignature.suffix
        guard let key = keys.first(where: { $0.bytes == signature.publicKey }) else {
            let found = Data(signature.publicKey).base64EncodedString()
            throw ImageRefusal(file, "no trusted key matches its signature \(path), which names the key \(found)")
        }
        let isValid: Bool
        do throws(CryptoFailure) {
            isValid = try signature.isValid(for: digest)
        } catch {
            throw ImageRefusal(file, "its signature \(path) cannot be verified: \(error)")
        }
        guard isValid else {
            throw ImageRefusal(
                file,
                "its signature \(path) is not a signature of this content by the key \(key.name): sign the file again")
        }
        return key
    }

    private func readSignature(of file: String) throws(ImageRefusal) -> PluginSignature {
        let path = file + PluginSignature.suffix
        let bytes: [UInt8]
        do throws(RegularFile.Problem) {
            bytes = try RegularFile.read(path, limit: PluginSignature.sizeLimit, check: FileGuard.problem)
        } catch {
            throw ImageRefusal(
                file,
                error.isMissing
                    ? "is not signed: martlet.toml lists trusted_keys, and there is no \(path)"
                    : "its signature \(path): \(error.text)")
        }
        do throws(PluginSignature.Malformed) {
            return try PluginSignature(parsing: bytes)
        } catch {
            throw ImageRefusal(file, "its signature \(path) is malformed: \(error.text)")
        }
    }
}
