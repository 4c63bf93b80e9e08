import Configuration
import Glibc
import Synchronization

/// The plugin files themselves, whole, once for each content: for symbols, and to make a generation again after a restart
/// although the file in `plugins.d` is another one by then.
///
///     HASH.so      the file
///     HASH.so.sig  its signature, if it had one
package final class OriginalStore: Sendable {
    package let directory: String
    /// Why the last file could not be kept.
    private let problem = Mutex<FileProblem?>(nil)

    /// Makes the folder (mode 0700). What an earlier run left in it stays.
    package init(directory: String) throws(FileProblem) {
        self.directory = directory
        if mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw FileProblem(directory, "cannot be made: \(errorText())")
        }
        var status = stat()
        guard lstat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(),
            chmod(directory, 0o700) == 0
        else { throw FileProblem(directory, "must be a folder of this user's own") }
    }

    package func path(of hash: String) -> String { "\(directory)/\(hash).so" }

    /// Keeps a file and the signature beside it. A failure is told by `takeProblem`: the server goes on without this original.
    func keep(_ bytes: [UInt8], hash: String, signatureOf file: String) {
        let path = path(of: hash)
        guard file != path else { return }
        do throws(FileProblem) {
            // By its size, which a crash of the machine may have changed.
            if Self.size(of: path) != bytes.count {
                try NewFile.replace(path, bytes, mode: 0o600, isSynced: false)
            }
            // It is verified when the original is used, with the keys of then.
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

    /// Why a file could not be kept since this was asked last.
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

    /// Removes what nobody needs any more. Not while another thread stages.
    package func removeAll(except hashes: Set<String>) {
        for name in (try? FolderListing.names(in: directory)) ?? [] {
            let (hash, rest) = (name.prefix(64), name.dropFirst(64))
            // Files of ours alone, also half-written ones of a run that was killed.
            guard hash.utf8.count == 64, hash.allSatisfy(\.isHexDigit), rest.hasPrefix(".so") else { continue }
            let isWhole = rest == ".so" || rest == ".so" + PluginSignature.suffix
            if !isWhole || !hashes.contains(String(hash)) { unlink("\(directory)/\(name)") }
        }
    }
}
