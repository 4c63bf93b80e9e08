import Configuration
import Glibc
import Logging
import PluginHost

/// The state directory of a server that runs. Without one the server goes on, and forgets at its end. On the control thread,
/// after the start.
final class KeptState: @unchecked Sendable {
    let originals: OriginalStore?
    /// nil: verdicts of the probe are forgotten at the end.
    let verdicts: VerdictFile?
    private let file: StateFile?
    private let lock: Int32?
    /// What the file says.
    private(set) var saved: ServerState

    /// Throws when the configuration names a state directory that cannot be had, and when what an earlier server left cannot be
    /// understood.
    init(_ process: ProcessConfiguration, runtime: RuntimeDirectory, executable: String, logger: Logger)
        throws(StartProblem)
    {
        let directory = StateDirectory(configured: process.stateDirectory)
        let file = StateFile(in: directory)
        do throws(RuntimeDirectory.Problem) {
            lock = try directory.claim(beside: runtime)
        } catch {
            guard !directory.isConfigured else { throw StartProblem(lines: [error.description]) }
            logger.warning("rollback and quarantine will not survive a restart: \(error)")
            (originals, verdicts, self.file, lock, saved) = (nil, nil, nil, nil, ServerState())
            return
        }
        do throws(FileProblem) {
            saved = try file.read()
        } catch {
            if let lock { Glibc.close(lock) }
            throw StartProblem(lines: [error.description])
        }
        do throws(FileProblem) {
            let originals = try OriginalStore(directory: directory.images)
            // A folder that takes no files is better noticed now than at the first rollback.
            try file.write(saved)
            verdicts = VerdictFile(directory: directory.path, executable: executable)
            (self.originals, self.file) = (originals, file)
        } catch {
            guard !directory.isConfigured else {
                if let lock { Glibc.close(lock) }
                throw StartProblem(lines: ["cannot write to the state directory: \(error)"])
            }
            logger.warning("rollback and quarantine will not survive a restart: \(error)")
            (originals, verdicts, self.file) = (nil, nil, nil)
        }
    }

    /// Writes the state when it is another one than before. When that fails the next change is another attempt.
    func save(_ state: ServerState, logger: Logger) {
        guard let file, state != saved else { return }
        do throws(FileProblem) {
            for hash in state.neededImages.subtracting(saved.neededImages) { try originals?.sync(hash) }
        } catch {
            logger.error("the original of a plugin that a restart would need is not safe: \(error)")
        }
        do throws(FileProblem) {
            try file.write(state)
            saved = state
        } catch {
            logger.error("what is in quarantine or held back now will not survive a restart: \(error)")
        }
    }

    func close() {
        if let lock { Glibc.close(lock) }
    }
}
