import ArgumentParser
import CLinux
import Glibc
import HostInterface
import RemoteHost
import Server
import Synchronization

/// Makes hosts, which are other processes of this program. The first one starts while the server reads its configuration.
private final class Hosts: Sendable {
    private static let executable = "/proc/self/exe"
    private let first = Mutex(try? HostProcess(executable: executable))

    func make(_ outfit: RuntimeOutfit) throws -> any Runtime {
        let process = first.withLock { $0.take() }
        return try RemoteRuntime(
            outfit.settings, executable: Self.executable, outfit.log, name: outfit.name, directory: outfit.directory,
            locks: outfit.locks, quotas: (outfit.quotas, outfit.place), process: process)
    }
}

struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the listeners of a plugins folder until SIGTERM.",
        discussion: """
            SIGHUP reloads the folder; `martlet reload` does the same and prints what changed. On SIGTERM or SIGINT the \
            server stops accepting, lets connections finish for shutdown_timeout, and exits with 0 if none had to be cut; \
            a second signal stops it at once. Logs go to log_file of martlet.toml, which SIGUSR1 reopens, or else to \
            standard error. The state directory remembers what was rolled back or failed its trial, so that it does not \
            get the traffic after a restart.
            """)

    @Argument(help: "The plugins folder.")
    var directory = "plugins.d"

    @OptionGroup var process: ProcessFileOption

    func run() throws {
        openStandardDescriptors()
        linux_use_one_heap()
        keepMemoryOutOfCores()
        let server: Server
        let signals: SignalDescriptor
        do {
            signals = try SignalDescriptor()
            let hosts = Hosts()
            server = try Server(
                ServerSettings(
                    pluginsDirectory: directory, processFile: process.processFile(for: directory),
                    findOrphans: { OrphanedHost.all(in: $0) }, makeRuntime: hosts.make))
        } catch {
            printBriefly(error.lines.map { "martlet: \($0)" }, to: STDERR_FILENO)
            throw ExitStatus.refused
        }
        announce(server.status())
        let status = server.run(signals: signals)
        server.log.flush()
        // Skips the destructors of plugins, which may hang.
        _exit(status)
    }

    /// Opens those of the descriptors 0 to 2 that are closed. Otherwise the next file or socket would get that number, and the
    /// log would go there.
    private func openStandardDescriptors() {
        var descriptor: Int32
        repeat { descriptor = open("/dev/null", O_RDWR) } while (0...2).contains(descriptor)
        if descriptor > 2 { close(descriptor) }
    }

    /// In memory are private keys, ticket keys and what peers have sent. A core of this process or of one that it starts has registers and a list of
    /// mapped files. core(5)
    private func keepMemoryOutOfCores() {
        let filter = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC)
        guard filter >= 0 else { return }
        _ = write(filter, "0x10", 4)
        close(filter)
    }

    /// Prints what listens where, and how to try it.
    private func announce(_ status: StatusReport) {
        var lines = [
            "martlet \(status.version) serves \(status.pluginsDirectory) (pid \(status.pid), "
                + "\(status.loops.count) event loops, \(status.hosts.reduce(0) { $0 + $1.report.workers.threads }) workers)"
        ]
        let refused = status.lastReload?.entries.filter { $0.outcome == .refused } ?? []
        lines += refused.map { "  \($0.listener): refused: \($0.detail)" }
        if status.listeners.isEmpty, refused.isEmpty {
            lines.append("  nothing listens: there is no enabled .toml file in \(status.pluginsDirectory)")
        }
        var rows: [[String]] = []
        for listener in status.listeners {
            for endpoint in listener.endpoints {
                rows.append([
                    " ", listener.name, endpoint.text, "\(listener.plugin) \(listener.version)",
                    example(listener.example, endpoint.address, isEncrypted: !listener.certificates.isEmpty),
                ])
            }
        }
        printBriefly(lines + tableLines(rows))
    }

    private func example(_ text: String, _ address: String, isEncrypted: Bool) -> String {
        guard !text.isEmpty, !address.hasPrefix("unix:"), let colon = address.lastIndex(of: ":") else { return "" }
        let host = String(address[..<colon])
        let shown = ["0.0.0.0", "[::]", "127.0.0.1", "[::1]"].contains(host) ? "localhost" : host
        let port = String(address[address.index(after: colon)...])
        var text = text
        if isEncrypted {
            // Its certificate may be one that nobody trusts yet.
            text =
                text.contains("http://")
                ? replace("curl ", in: replace("http://", in: text, with: "https://"), with: "curl -k ")
                : "openssl s_client -quiet -connect {host}:{port}"
        }
        return "try: "
            + replace("{port}", in: replace("{host}", in: text, with: shown), with: port)
    }

    private func replace(_ mark: String, in text: String, with value: String) -> String {
        var parts: [Substring] = []
        var rest = Substring(text)
        while let range = rest.firstRange(of: mark) {
            parts.append(rest[..<range.lowerBound])
            parts.append(Substring(value))
            rest = rest[range.upperBound...]
        }
        parts.append(rest)
        return parts.joined()
    }
}
