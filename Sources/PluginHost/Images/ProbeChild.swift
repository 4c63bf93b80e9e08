import CLinux
import FoundationEssentials
import Glibc

/// The child's side of the probe: `martlet probe-image FILE`, with a pipe as descriptor 3.
///
/// A library that crashes, hangs or exits in a constructor or in its entry does so here, and the server hears of it.
package enum ProbeChild {
    static let descriptor: Int32 = 3

    /// Loads the image, tells the parent what it found, and exits.
    package static func run(path: String, memoryLimit: UInt64, secondsLimit: UInt64) -> Never {
        linux_die_with_parent(SIGKILL)
        limit(__rlimit_resource_t(RLIMIT_CORE.rawValue), 0)
        limit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), 0)
        limit(__rlimit_resource_t(RLIMIT_CPU.rawValue), secondsLimit + 1)
        if memoryLimit > 0 { limit(__rlimit_resource_t(RLIMIT_AS.rawValue), memoryLimit) }
        do {
            let library = try LoadedLibrary(path: path, unloadable: false) { say("step \($0.rawValue)") }
            let json = try JSONEncoder().encode(library.description)
            say("accepted " + String(decoding: json, as: UTF8.self))
            // Destructors of the library are its own affair: the verdict stands.
            _exit(0)
        } catch let problem as DescriptorReader.Problem {
            say("refused " + problem.text.split(separator: "\n").joined(separator: " "))
        } catch {
            say("refused \(error)")
        }
        _exit(0)
    }

    private static func limit(_ resource: __rlimit_resource_t, _ value: UInt64) {
        var limit = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(value))
        setrlimit(resource, &limit)
    }

    private static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, bytes.count - written) }
            guard count > 0 else { return }
            written += count
        }
    }
}
