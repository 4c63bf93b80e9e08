import CLinux
import Configuration
import Glibc

/// A private copy of a plugin file, named by the content of the file.
package struct StagedImage: Sendable, Equatable {
    /// SHA-256 of the content, 64 hexadecimal digits.
    package let hash: String
    /// The path of the copy.
    package let path: String
    /// The key whose signature was verified; nil when none was required.
    package let signer: TrustedKey?

    package init(hash: String, path: String, signer: TrustedKey?) {
        self.hash = hash
        self.path = path
        self.signer = signer
    }

    package static func == (one: StagedImage, other: StagedImage) -> Bool { one.hash == other.hash }
}

/// The folder of private copies. The host never maps a file from `plugins.d`: overwriting, truncating or half-copying one there
/// does not affect running plugins, and the same content is the same image.
package final class ImageStore: Sendable {
    /// More than any sensible plugin has.
    private static let sizeLimit = 512 << 20
    package let directory: String
    /// Keeps the complete files themselves; nil: they are not kept.
    package let originals: OriginalStore?
    private let imageMode: mode_t

    /// Creates the folder and removes what an earlier run left in it.
    ///
    /// - Parameter isForOthers: hosts with another user load from the folder: its mode is 0711, else 0700.
    package init(
        directory: String, originals: OriginalStore? = nil, isForOthers: Bool = false
    ) throws(ImageRefusal) {
        self.directory = directory
        imageMode = isForOthers ? 0o555 : 0o500
        self.originals = originals
        if mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw ImageRefusal(directory, "cannot create the folder for images: \(errorText())")
        }
        var status = stat()
        guard lstat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
            throw ImageRefusal(directory, "the folder for images must be a folder that this user owns")
        }
        guard chmod(directory, isForOthers ? 0o711 : 0o700) == 0 else {
            throw ImageRefusal(directory, "cannot make the folder for images private: \(errorText())")
        }
        try refuseWithoutExec()
        removeStale()
    }

    /// Copies a file and names the copy by its hash. The file is read once: the same bytes are checked, hashed, verified and copied.
    ///
    /// The copy ends after the last loaded segment. A Swift image stays mapped for the life of the process, and its whole copy
    /// takes space, often on a tmpfs. Symbols are half of a plugin and are not needed there; the original has them.
    package func stage(_ file: String, trust: PluginTrust) throws(ImageRefusal) -> StagedImage {
        var bytes = try Self.read(file, check: FileGuard.problem)
        if let problem = ELFHeader.problem(in: bytes.span) { throw ImageRefusal(file, problem) }
        let digest: SHA256.Digest
        do throws(CryptoFailure) {
            digest = try SHA256.digest(of: bytes)
        } catch {
            throw ImageRefusal(file, "cannot be hashed: \(error)")
        }
        let signer = try trust.signer(of: file, digest: digest)
        let hash = digest.hexadecimal
        let path = "\(directory)/\(hash).so"
        originals?.keep(bytes, hash: hash, signatureOf: file)
        if access(path, F_OK) != 0 {
            ELFHeader.dropSections(of: &bytes)
            try write(bytes, to: path, for: file)
        }
        return StagedImage(hash: hash, path: path, signer: signer)
    }

    /// The hash of a file's current content, without checking who can write the file; nil when it cannot be read.
    package static func hash(of file: String) -> String? {
        try? RegularFile.digest(file, limit: sizeLimit, check: { _, _ in nil }).hexadecimal
    }

    static func read(
        _ file: String, check: (_ descriptor: Int32, _ path: String) -> String?
    ) throws(ImageRefusal) -> [UInt8] {
        do throws(RegularFile.Problem) {
            return try RegularFile.read(file, limit: sizeLimit, check: check)
        } catch {
            throw ImageRefusal(file, error.text)
        }
    }

    private func write(_ bytes: [UInt8], to path: String, for file: String) throws(ImageRefusal) {
        let temporary = "\(path).\(getpid()).part"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, imageMode)
        guard descriptor >= 0 else { throw ImageRefusal(file, "cannot be copied to \(directory): \(errorText())") }
        // The mask of this process may take rights away.
        fchmod(descriptor, imageMode)
        var failure = NewFile.writeProblem(descriptor, bytes).map { "cannot be copied to \(directory): \($0)" }
        close(descriptor)
        if failure == nil, rename(temporary, path) != 0 {
            failure = "cannot be copied to \(directory): \(errorText())"
        }
        if let failure {
            unlink(temporary)
            throw ImageRefusal(file, failure)
        }
    }

    /// On a mount without exec, dlopen(3) would fail later with a puzzling error.
    private func refuseWithoutExec() throws(ImageRefusal) {
        if linux_is_noexec(directory) != 0 {
            throw ImageRefusal(
                directory,
                "the file system is mounted noexec, so no plugin could be loaded from it; "
                    + "set runtime_directory in martlet.toml to one that is not")
        }
    }

    /// Removes all private copies except these. Must not be called while another thread stages.
    package func removeAll(except hashes: Set<String>) {
        removeFiles { !hashes.contains(String($0.dropLast(3))) }
    }

    private func removeStale() { removeFiles { _ in true } }

    private func removeFiles(_ isRemoved: (String) -> Bool) {
        for name in (try? FolderListing.names(in: directory)) ?? []
        where (name.hasSuffix(".so") || name.hasSuffix(".part")) && isRemoved(name) {
            unlink("\(directory)/\(name)")
        }
    }
}

func errorText() -> String { String(cString: strerror(errno)) }
