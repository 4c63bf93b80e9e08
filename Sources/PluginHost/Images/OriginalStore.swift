import Configuration
import Glibc
import Synchronization

/// The complete plugin files, once for each content: for symbols, and to make a generation again after a restart even if the file
/// in `plugins.d` has changed by then.
///
///     HASH.so      the file
///     HASH.so.sig  its signature, if it had one
package final class OriginalStore: Sendable {
    package let directory: String
    /// Why the last file could not be kept.
    private let problem = Mutex<FileProblem?>(nil)

    /// Creates the folder (mode 0700). What an earlier run left in it stays.
    package init(directory: String) throws(FileProblem) {
        self.directory = directory
        if mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw FileProblem(directory, "cannot be created: \(errorText())")
        }
        var status = stat()
        guard lstat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(),
            chmod(directory, 0o700) == 0
        else { throw FileProblem(directory, "must be a folder that this user owns") }
    }

    package func path(of hash: String) -> String { "\(directory)/\(hash).so" }

    /// Keeps a file and the signature beside it. `takeProblem` reports a failure: the server continues without this original.
    func keep(_ bytes: [UInt8], hash: String, signatureOf file: String) {
        let path = path(of: hash)
        guard file != path else { return }
        do throws(FileProblem) {
            // Compares the size, because a crash of the machine may have truncated the file.
            if Self.size(of: path) != bytes.count {
                try NewFile.replace(path, bytes, mode: 0o600, isSynced: false)
            }
            // The signature is verified when the original is used, with the trusted keys of that time.
            let signature = Self.content(file + PluginSignature.suffix)
            let kept = path + PluginSignature.suffix
            if let signature, signature != Self.content(kept) {
                try NewFile.replace(kept, signature, mode: 0o600, isSynced: false)
            }
        } catch {
            problem.withLock { $0 = error }
        }
    }

    private static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : -1
    }

    private static func content(_ signature: String) -> [UInt8]? {
        try? RegularFile.read(signature, limit: PluginSignature.sizeLimit, check: FileGuard.problem)
    }

    /// Returns why a file could not be kept since the last call.
    package func takeProblem() -> FileProblem? {
        problem.withLock { problem in
            defer { problem = nil }
            return problem
        }
    }

    /// Waits until an original is on the disk.
    package func sync(_ hash: String) throws(FileProblem) {
        try NewFile.sync(path(of: hash))
        let signature = path(of: hash) + PluginSignature.suffix
        if access(signature, F_OK) == 0 { try NewFile.sync(signature) }
        try NewFile.sync(directory)
    }

    /// Removes all originals except these. Must not be called while another thread stages.
    package func removeAll(except hashes: Set<String>) {
        for name in (try? FolderListing.names(in: directory)) ?? [] {
            let (hash, rest) = (name.prefix(64), name.dropFirst(64))
            // Only files of this store, including half-written ones of a run that was killed.
            guard hash.utf8.count == 64, hash.allSatisfy(\.isHexDigit), rest.hasPrefix(".so") else { continue }
            let isWhole = rest == ".so" || rest == ".so" + PluginSignature.suffix
            if !isWhole || !hashes.contains(String(hash)) { unlink("\(directory)/\(name)") }
        }
    }
}
