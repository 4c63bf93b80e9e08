import CLinux
import Configuration
import Glibc
import HostInterface
import Instances
import PluginHost
import Telemetry

/// Reads the folder for a start, a reload and `martlet config check`, in one place, so that they cannot disagree.
struct FolderLoading: Sendable {
    let directory: String
    let processFile: ConfigurationFolder.ProcessFile
    /// Set for root, who may check the folder of another user's server: the runtime directory need not be root's.
    var looksForOthers = false
    var parser = TOMLParser.child()

    /// Includes the problems that depend on this machine and this user.
    func load(previous: LoadedConfiguration? = nil) -> LoadedConfiguration {
        var loaded = ConfigurationFolder.load(
            directory: directory, processFile: processFile, previous: previous, parser: parser,
            check: FileGuard.problem)
        loaded.diagnostics +=
            affinityProblems(loaded) + runtimeProblems(loaded) + logProblems(loaded) + identityProblems(loaded)
        return loaded
    }

    private func affinityProblems(_ loaded: LoadedConfiguration) -> [Diagnostic] {
        loaded.process.cpuAffinity.enumerated().compactMap { index, processor in
            guard linux_may_use_processor(Int32(processor)) == 0 else { return nil }
            let usable = (0...1023).filter { linux_may_use_processor(Int32($0)) != 0 }
            return loaded.processDiagnostic(
                key: "cpu_affinity[\(index)]",
                message: "this process may not use core \(processor); it may use \(ranges(usable))")
        }
    }

    private func runtimeProblems(_ loaded: LoadedConfiguration) -> [Diagnostic] {
        let runtime = RuntimeDirectory(configured: loaded.process.runtimeDirectory)
        do throws(RuntimeDirectory.Problem) {
            if loaded.process.controlSocket.isEmpty { try runtime.inspectLength() }
            try runtime.inspect(mayBelongToOthers: looksForOthers)
            return []
        } catch {
            return [loaded.processDiagnostic(key: "runtime_directory", message: error.description)]
        }
    }

    private func identityProblems(_ loaded: LoadedConfiguration) -> [Diagnostic] {
        do throws(IdentityProblem) {
            _ = try Identity(loaded.process)
            return []
        } catch {
            return [loaded.processDiagnostic(key: error.key, message: error.message)]
        }
    }

    private func logProblems(_ loaded: LoadedConfiguration) -> [Diagnostic] {
        guard !loaded.process.logFile.isEmpty, let problem = LogFileProblem.look(at: loaded.process.logFile) else {
            return []
        }
        return [loaded.processDiagnostic(key: "log_file", message: problem.description)]
    }

    /// Remarks that are not problems.
    func notes(_ loaded: LoadedConfiguration) -> [Diagnostic] {
        let runtime = RuntimeDirectory(configured: loaded.process.runtimeDirectory)
        guard looksForOthers, let owner = runtime.owner else { return [] }
        return [
            loaded.processDiagnostic(
                key: "runtime_directory",
                message: "\(runtime.path) belongs to user \(owner): only a server of that user can use it")
        ]
    }
}

/// `[0, 1, 2, 5]` as "0 to 2, 5".
private func ranges(_ numbers: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for number in numbers {
        if let last = ranges.last, last.upperBound + 1 == number {
            ranges[ranges.count - 1] = last.lowerBound...number
        } else {
            ranges.append(number...number)
        }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)" }
        .joined(separator: ", ")
}
