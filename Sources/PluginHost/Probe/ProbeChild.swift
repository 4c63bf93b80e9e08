import CLinux
import ChildProcess
import FoundationEssentials
import Glibc
import Instances

/// The child's side of the probe: `martlet probe-image FILE`, with a pipe as descriptor 3.
///
/// A plugin that crashes, hangs or exits does so here, and the server learns of it.
package enum ProbeChild {
    package enum Mode: Sendable {
        /// Loads the image and reports its description.
        case describe
        /// Loads the image, makes an instance and plays peers. Reads the request from standard input.
        case exercise
    }

    /// Runs the probe, reports the verdict to the parent, and exits.
    package static func run(path: String, mode: Mode, memoryLimit: UInt64, secondsLimit: UInt64) -> Never {
        linux_die_with_parent(SIGKILL)
        let request = readRequest()
        let isIsolated = ProbeLimits(memory: memoryLimit, seconds: secondsLimit).apply()
        do {
            let library = try LoadedLibrary(path: path, unloadable: false) { say(.step($0.phrase)) }
            switch mode {
            case .describe: say(.accepted(ProbeMessage.json(library.reader.description)))
            case .exercise: try exercise(library, request, isIsolated: isIsolated)
            }
        } catch let problem as DescriptorReader.Problem {
            say(.refused(problem.text))
        } catch {
            say(.refused("\(error)"))
        }
        // Skips the destructors of the library, which do not affect the verdict.
        _exit(0)
    }

    private static func exercise(_ library: LoadedLibrary, _ bytes: [UInt8], isIsolated: Bool) throws {
        let request = try JSONDecoder().decode(ExerciseRequest.self, from: Data(bytes))
        let exercise = PluginExercise(PluginImage(library.reader), request) { say(.step($0)) }
        do throws(ProbeFailure) {
            var report = try exercise.run()
            if !isIsolated { report.notes.append("it could reach the network: this user may not create namespaces") }
            say(.accepted(ProbeMessage.json(report)))
        } catch {
            if case .notCreated(let failure) = error {
                say(.notCreated(failure.withHindrances(isIsolated: isIsolated)))
            }
            say(.refused(error.reason))
        }
        // Does not destroy what is left of the instance: after a fault that could crash, and hide the reason.
        _exit(0)
    }

    private static func readRequest() -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = read(0, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
        if nothing >= 0 { dup2(nothing, 0) }
        return bytes
    }

    private static func say(_ message: ProbeMessage) {
        let bytes = Array((message.line + "\n").utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                write(ChildProcess.answerDescriptor, $0.baseAddress! + written, bytes.count - written)
            }
            guard count > 0 else { return }
            written += count
        }
    }
}
