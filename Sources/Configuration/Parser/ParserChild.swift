import CLinux
import ChildProcess
import Glibc

/// The child's side of `TOMLParser.child`: `martlet parse-files`. It reads texts from its standard input, each with its length before it,
/// and writes the answers in the same form.
package enum ParserChild {
    package static let command = "parse-files"

    /// Limit of address space. A text of 1 MiB, the largest that is read, becomes 100 MB of values at worst.
    private static let memory: rlim_t = 1 << 30
    /// toml++ recurses into the tables that a key of 500,000 parts makes. Linux leaves at least 128 MiB for the stack.
    private static let stack: rlim_t = 112 << 20
    /// Limit of processor time.
    private static let seconds: rlim_t = 30

    package static func run() -> Never {
        linux_die_with_parent(SIGKILL)
        limit(__rlimit_resource_t(RLIMIT_CORE.rawValue), 0)
        limit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), 0)
        limit(__rlimit_resource_t(RLIMIT_CPU.rawValue), seconds)
        limit(__rlimit_resource_t(RLIMIT_AS.rawValue), memory)
        raiseStack()
        var texts = ByteReader(readAll())
        while !texts.isAtEnd {
            guard let count = try? texts.number(), let text = try? texts.bytes(count) else { _exit(1) }
            let answer = ParserFault.answer(to: text) ?? TOMLShim.answer(to: Array(text))
            var bytes: [UInt8] = []
            bytes.append(number: answer.count)
            writeAll(bytes + answer)
        }
        _exit(0)
    }

    private static func limit(_ resource: __rlimit_resource_t, _ value: rlim_t) {
        var limit = rlimit(rlim_cur: value, rlim_max: value)
        unsafe setrlimit(resource, &limit)
    }

    /// The stack of the main thread grows up to the current limit.
    private static func raiseStack() {
        let resource = __rlimit_resource_t(RLIMIT_STACK.rawValue)
        var limit = rlimit()
        guard unsafe getrlimit(resource, &limit) == 0, limit.rlim_cur < stack else { return }
        limit.rlim_cur = min(stack, limit.rlim_max)
        unsafe setrlimit(resource, &limit)
    }

    private static func readAll() -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe read(0, &chunk, chunk.count)
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
        }
    }

    private static func writeAll(_ bytes: [UInt8]) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe write(ChildProcess.answerDescriptor, $0.baseAddress! + written, bytes.count - written)
            }
            // The parent has exited or has closed the pipe.
            guard count > 0 else { _exit(1) }
            written += count
        }
    }
}
