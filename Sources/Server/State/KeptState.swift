import Configuration
import Glibc
import Instances
import Logging
import PluginHost

/// The state directory of a running server. Without one the server runs, but forgets its state when it exits. Used on the control
/// thread after the start.
final class KeptState: @unchecked Sendable {
    let originals: OriginalStore?
    /// nil: the next server has to probe again.
    let verdicts: VerdictFile?
    /// nil: reports of crashes are lost.
    let crashes: CrashStore?
    private let file: StateFile?
    private let lock: Int32?
    /// The content of the file.
    private(set) var saved: ServerState

    /// Throws when the configured state directory cannot be used, and when the state of an earlier server cannot be read.
    init(
        _ process: ProcessConfiguration, runtime: RuntimeDirectory, executable: String, logger: Logger,
        inherited: [Int32] = []
    ) throws(StartProblem) {
        let directory = StateDirectory(configured: process.stateDirectory)
        let file = StateFile(in: directory)
        do throws(RuntimeDirectory.Problem) {
            lock = try directory.claim(beside: runtime, inherited: inherited)
        } catch {
            guard !directory.isConfigured else { throw StartProblem(lines: [error.description]) }
            logger.warning("rollback and quarantine will not survive a restart: \(error)")
            (originals, verdicts, crashes, self.file, lock, saved) = (nil, nil, nil, nil, nil, ServerState())
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
            // Notice a folder that cannot be written now, not at the first rollback.
            try file.prepare(saved)
            verdicts = VerdictFile(directory: directory.path, executable: executable)
            crashes = CrashStore(state: directory.path)
            (self.originals, self.file) = (originals, file)
        } catch {
            guard !directory.isConfigured else {
                if let lock { Glibc.close(lock) }
                throw StartProblem(lines: ["cannot write to the state directory: \(error)"])
            }
            logger.warning("rollback and quarantine will not survive a restart: \(error)")
            (originals, verdicts, crashes, self.file) = (nil, nil, nil, nil)
        }
    }

    /// Writes the state if it has changed. If that fails, the next change tries again.
    func save(_ state: ServerState, logger: Logger) {
        guard let file, state != saved else { return }
        do throws(FileProblem) {
            for hash in state.neededImages.subtracting(saved.neededImages) { try originals?.sync(hash) }
        } catch {
            logger.error("cannot sync the original of a plugin, which a restart would need: \(error)")
        }
        do throws(FileProblem) {
            try file.write(state)
            saved = state
        } catch {
            logger.error("the current quarantine and held-back plugins will not survive a restart: \(error)")
        }
    }

    /// The descriptors that hold its locks.
    var locks: [Int32] { lock.map { [$0] } ?? [] }

    func close() {
        if let lock { Glibc.close(lock) }
    }
}
