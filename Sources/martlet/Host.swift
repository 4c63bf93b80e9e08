import CLinux
import Glibc
import Host
import HostLink
import RemoteHost
import Threads

/// `martlet host`: a process that runs plugins for `martlet serve`, which starts it and ends it. It has no options and is not for users.
enum HostCommand {
    static let name = HostProcess.command

    static func run() -> Never {
        // It was started as /proc/self/exe.
        linux_name_thread("martlet-host")
        blockSignals()
        // For the alarm of the engine. The kernel takes some 20 ms for this once there are several threads.
        _ = linux_register_process_barrier()
        var status: Int32 = 0
        do {
            try HostService.run { settings, control, log, quotas throws(SystemError) in
                try EngineRuntime(settings, control, log, hasProcess: true, quotas: quotas)
            }
        } catch ChannelProblem.ended {
            // The server has ended before it needed a host.
        } catch {
            printBriefly(["martlet: \(error)"], to: STDERR_FILENO)
            status = ExitStatus.refused.rawValue
        }
        // Skips the destructors of plugins, which may hang.
        _exit(status)
    }

    /// The server decides when a host ends, also when a service manager or a terminal sends SIGTERM or SIGINT to all processes.
    private static func blockSignals() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        signal(SIGPROF, SIG_IGN)
        var signals = sigset_t()
        sigemptyset(&signals)
        let numbers = [
            SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGIO, SIGPWR, SIGSTKFLT,
        ]
        for number in numbers + Array(__libc_current_sigrtmin()...__libc_current_sigrtmax()) {
            sigaddset(&signals, number)
        }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}
