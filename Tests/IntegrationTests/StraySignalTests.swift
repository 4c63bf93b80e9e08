import Glibc
import Testing

/// Signals that have no meaning for the server do not stop it.
@Suite struct StraySignalTests {
    @Test func areLoggedOnceAndStopNothing() throws {
        let server = try RunningServer.echo()
        let real = [__libc_current_sigrtmin(), __libc_current_sigrtmin() + 3, __libc_current_sigrtmax()]
        let numbers = [SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGIO, SIGPWR, SIGSTKFLT] + real
        for _ in 0..<2 {
            for number in numbers + [SIGPIPE, SIGXFSZ, SIGPROF] { server.signal(number) }
            #expect(try server.connect().ask("hi") == "hi")
        }
        func lines(_ number: Int32) -> Int {
            server.log.split(separator: "\n").filter {
                $0.contains(" INFO ignored signal: ") && $0.hasSuffix(" signal=\(number)")
                    && $0.contains(" sender=\(getpid()) ")
            }.count
        }
        try waitUntil("each signal is logged") { numbers.allSatisfy { lines($0) > 0 } }
        #expect(try server.stop() == 0)
        for number in numbers { #expect(lines(number) == 1, "signal \(number)") }
    }
}
