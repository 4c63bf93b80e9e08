import Configuration
import Glibc
import Instances
import PluginHost

/// `martlet plugins forgive` when no server runs: edits the state file that the next server reads.
package enum ForgiveWithoutServer {
    /// Returns the hashes that were forgiven. Takes the locks of a server meanwhile, so that no server starts with the old state.
    package static func forgive(
        _ prefix: String, _ process: ProcessConfiguration
    ) throws(RuntimeDirectory.Problem) -> [String] {
        let directory = StateDirectory(configured: process.stateDirectory)
        let file = StateFile(in: directory)
        guard access(file.path, F_OK) == 0 else { return [] }
        let runtime = RuntimeDirectory(configured: process.runtimeDirectory)
        let lock = try runtime.claim()
        defer { close(lock) }
        let stateLock = try directory.claim(beside: runtime)
        defer { close(stateLock) }
        do throws(FileProblem) {
            var state = try file.read()
            let forgiven = state.forgive(prefix)
            if !forgiven.isEmpty { try file.write(state) }
            return forgiven
        } catch {
            throw .init(description: error.description)
        }
    }
}
