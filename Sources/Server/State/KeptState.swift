import Configuration
import Glibc
import Logging
import PluginHost

/// The state directory of a server that runs; without one the server goes on and forgets.
final class KeptState: Sendable {
    let originals: OriginalStore?
    private let lock: Int32?

    /// Throws when the configuration names a state directory that cannot be had.
    init(_ process: ProcessConfiguration, runtime: RuntimeDirectory, logger: Logger) throws(StartProblem) {
        let directory = StateDirectory(configured: process.stateDirectory)
        do {
            let lock = try directory.claim(beside: runtime)
            do throws(FileProblem) {
                originals = try OriginalStore(directory: directory.images)
                self.lock = lock
            } catch {
                Glibc.close(lock)
                throw error
            }
        } catch {
            guard !directory.isConfigured else { throw StartProblem(lines: ["\(error)"]) }
            logger.warning("rollback and quarantine will not survive a restart: \(error)")
            (originals, lock) = (nil, nil)
        }
    }

    func close() {
        if let lock { Glibc.close(lock) }
    }
}

extension Server {
    /// Removes private copies and originals that nothing runs and no rollback may want. On the control thread, while nothing is
    /// staged.
    func removeUnusedImages() {
        loader.store.removeAll(except: imagesInUse)
        guard let originals = loader.store.originals else { return }
        originals.removeAll(except: imagesInUse)
        if let problem = originals.takeProblem() {
            logger.error("the original of a plugin cannot be kept: \(problem)")
        }
    }
}
