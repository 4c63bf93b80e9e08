import Glibc
import Synchronization

/// A trap terminates the process before a test can report its seed, but a signal handler can still print it.
enum SeedReport {
    private static let seed = Atomic<UInt64>(0)

    static func begin(_ value: UInt64) {
        seed.store(value, ordering: .relaxed)
    }

    static func install() {
        for trap in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS] {
            // When the handler returns, the same fault happens again and gets the default action.
            signal(trap) { number in
                signal(number, SIG_DFL)
                SeedReport.write()
            }
        }
    }

    /// Only what is allowed in a signal handler: no allocation, no locks.
    private static func write() {
        var rest = seed.load(ordering: .relaxed)
        withUnsafeTemporaryAllocation(byteCount: 32, alignment: 1) { line in
            var index = line.count - 1
            line[index] = 0x0A
            repeat {
                index -= 1
                line[index] = UInt8(0x30 + rest % 10)
                rest /= 10
            } while rest > 0
            for byte in "\ntrapped at seed ".utf8.reversed() {
                index -= 1
                line[index] = byte
                if index == 0 { break }
            }
            _ = Glibc.write(STDERR_FILENO, line.baseAddress! + index, line.count - index)
        }
    }
}
