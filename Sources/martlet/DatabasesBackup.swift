import ArgumentParser
import Databases
import Glibc
import Server
import Synchronization

extension DatabasesCommand {
    struct Backup: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copy a database of SQLite to a file, while plugins go on writing.",
            discussion: """
                The copy has everything that was committed when it began, and nothing of what came later. The host of the \
                database writes it, as its user: first as FILE.partial; it gets its name when all of it is on the disk. The file \
                can be read by that user only. Interrupt the command to cancel the backup.

                For MariaDB use mariadb-dump.

                EXIT STATUS
                  0   done
                  1   refused, failed or cancelled: the message says why, and there is no new file
                  3   no server answers
                """)
        @Argument(help: "The name of the pool in martlet.toml.")
        var name: String
        @Argument(help: "The file to write. It must not be there.", completion: .file())
        var file: String
        @Flag(help: "Replace the file if it is there.")
        var force = false
        @OptionGroup var server: ServerOptions

        func run() throws {
            let path = absolutePath(file)
            let report = try server.wait(for: .backup(path: path, replaces: force), of: name, hasProgress: true)
            guard case .copied(let bytes) = report.state else { throw ExitStatus.refused }
            if server.json {
                return try printJSON(Copy(database: name, file: path, bytes: bytes, seconds: report.seconds))
            }
            print("\(name): \(formatBytes(bytes)) written to \(path) in \(formatMicroseconds(report.seconds * 1e6))")
        }

        private struct Copy: Encodable {
            var database: String
            var file: String
            var bytes: UInt64
            var seconds: Double
        }
    }

    struct Integrity: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check whether the file of a database of SQLite is in order.",
            discussion: """
                Runs PRAGMA integrity_check and PRAGMA foreign_key_check in the host of the database, while plugins go on \
                reading and writing, and prints at most 100 problems of each. Interrupt the command to cancel it.

                For MariaDB use CHECK TABLE.

                EXIT STATUS
                  0   in order
                  1   there are problems, or the check was refused, failed or cancelled
                  3   no server answers
                """)
        @Argument(help: "The name of the pool in martlet.toml.")
        var name: String
        @OptionGroup var server: ServerOptions

        func run() throws {
            let report = try server.wait(for: .checkIntegrity, of: name, hasProgress: false)
            guard case .checked(let problems) = report.state else { throw ExitStatus.refused }
            if server.json {
                try printJSON(Verdict(database: name, problems: problems, seconds: report.seconds))
            } else if problems.isEmpty {
                print("\(name): in order, checked in \(formatMicroseconds(report.seconds * 1e6))")
            } else {
                for problem in problems { print("\(name): \(problem)") }
            }
            if !problems.isEmpty { throw ExitStatus.refused }
        }

        private struct Verdict: Encodable {
            var database: String
            var problems: [String]
            var seconds: Double
        }
    }
}

/// The host may have another working directory.
private func absolutePath(_ path: String) -> String {
    guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
    defer { free(folder) }
    return "\(String(cString: folder))/\(path)"
}

/// SIGINT and SIGTERM during a task.
private enum Interruption {
    static let has = Atomic<Bool>(false)

    static func watch() {
        // Made here, not in the handler.
        has.store(false, ordering: .relaxed)
        var wanted = sigset_t()
        sigemptyset(&wanted)
        for number in [SIGINT, SIGTERM] {
            signal(number) { _ in Interruption.has.store(true, ordering: .relaxed) }
            sigaddset(&wanted, number)
        }
        // Whoever has started this process may have blocked them.
        pthread_sigmask(SIG_UNBLOCK, &wanted, nil)
    }
}

extension ServerOptions {
    private static let longestPauseMicroseconds: UInt32 = 200_000

    /// Has a host do something long with a database, and shows on a terminal how far it is. Exits with a message on failure.
    fileprivate func wait(
        for work: DatabaseWork, of name: String, hasProgress: Bool
    ) throws -> DatabaseTaskReport {
        var question = ControlQuestion(.databases)
        (question.database, question.databaseTask) = (name, .begin(work))
        Interruption.watch()
        var line = ProgressLine(name, isShown: isatty(STDERR_FILENO) == 1)
        var pause: UInt32 = 5_000
        while true {
            let answer = try ask(question) { line.end() }
            guard let row = answer.databaseTask else { throw ExitStatus.refused }
            if !row.report.isRunning {
                line.end()
                if case .failed(let error) = row.report.state {
                    printError("\(name): \(error.text)")
                    throw ExitStatus.refused
                }
                return row.report
            }
            line.show(row.report, hasProgress: hasProgress)
            question.host = row.host
            // A signal ends the pause.
            usleep(pause)
            pause = min(pause * 2, Self.longestPauseMicroseconds)
            let number = row.report.number
            question.databaseTask =
                Interruption.has.load(ordering: .relaxed) ? .cancel(number: number) : .look(number: number)
        }
    }
}

/// One line on a terminal that changes.
private struct ProgressLine {
    private let name: String
    private let isShown: Bool
    private var isBegun = false

    init(_ name: String, isShown: Bool) { (self.name, self.isShown) = (name, isShown) }

    mutating func show(_ report: DatabaseTaskReport, hasProgress: Bool) {
        guard isShown else { return }
        var text = "\(name): \(formatSeconds(report.seconds))"
        if hasProgress, report.total > 0 {
            text +=
                ", \(report.done * 100 / report.total) %, \(formatBytes(report.done)) of \(formatBytes(report.total))"
        }
        write("\r\u{1B}[K\(text)")
        isBegun = true
    }

    mutating func end() {
        if isBegun { write("\r\u{1B}[K") }
        isBegun = false
    }

    private func write(_ text: String) { _ = text.withCString { Glibc.write(STDERR_FILENO, $0, strlen($0)) } }
}
