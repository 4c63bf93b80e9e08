import ArgumentParser
import HostInterface
import Server

struct Workers: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show or control the threads that run work that may block.",
        discussion: """
            EXAMPLES
              martlet workers                        show threads, queue, delays, and what each worker does
              martlet workers pause                  start no more jobs; new ones wait in the queue until it is full
              martlet workers resume
              martlet workers resize --min 2 --max 8 until the process file changes or the server stops
            """,
        subcommands: [Show.self, Pause.self, Resume.self, Resize.self], defaultSubcommand: Show.self)

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show threads, queue and delays.")
        @OptionGroup var server: ServerOptions
        @OptionGroup var host: HostOption
        func run() throws { try show(server, host, nil) }
    }

    struct Pause: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Finish the running jobs and start no more until resume.")
        @OptionGroup var server: ServerOptions
        @OptionGroup var host: HostOption
        func run() throws { try show(server, host, .pause) }
    }

    struct Resume: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Continue after pause.")
        @OptionGroup var server: ServerOptions
        @OptionGroup var host: HostOption
        func run() throws { try show(server, host, .resume) }
    }

    struct Resize: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change the number of threads; threads above the maximum stop after their job.")

        @Option(name: .customLong("min"), help: "Minimum number of threads: 0 to 1024.")
        var minimum: Int?

        @Option(name: .customLong("max"), help: "Maximum number of threads: 1 to 1024.")
        var maximum: Int

        @OptionGroup var server: ServerOptions
        @OptionGroup var host: HostOption

        func validate() throws {
            guard (1...1_024).contains(maximum) else {
                throw ValidationError("--max: expected 1 to 1024, found \(maximum)")
            }
            guard (0...maximum).contains(minimum ?? 0) else {
                throw ValidationError("--min: expected 0 to \(maximum) (the value of --max), found \(minimum ?? 0)")
            }
        }

        func run() throws {
            try show(server, host, .resize(minimum: minimum ?? Swift.min(1, maximum), maximum: maximum))
        }
    }
}

/// Selects the host whose workers are meant.
struct HostOption: ParsableArguments {
    @Option(
        help: ArgumentHelp("The host, as martlet processes names it; the shared one without this.", valueName: "name"))
    var host: String?
}

private func show(_ server: ServerOptions, _ host: HostOption, _ change: WorkersChange?) throws {
    var question = ControlQuestion(.workers)
    question.host = host.host
    question.workers = change
    guard let workers = try server.ask(question).workers else { throw ExitStatus.refused }
    if server.json { return try printJSON(workers) }
    printTable([
        [
            "threads",
            "\(workers.threads), of \(workers.minimum) to \(workers.maximum)\(workers.isPaused ? ", paused" : "")",
        ],
        ["queue", "\(workers.queued) of \(workers.queueLimit)"],
        ["jobs", "\(workers.submitted) submitted, \(workers.completed) completed, \(workers.rejected) rejected"],
        [
            "delay",
            "p50 \(formatMicroseconds(workers.delayP50Microseconds)), p99 \(formatMicroseconds(workers.delayP99Microseconds)), "
                + "worst \(formatMicroseconds(workers.delayWorstMicroseconds))",
        ],
    ])
    guard !workers.jobs.isEmpty else { return }
    print("")
    printTable(
        [["WORKER", "LISTENER", "PLUGIN", "GEN", "CALLBACK", "SINCE"]]
            + workers.jobs.map {
                [
                    "\($0.worker)", $0.listener, $0.plugin, "\($0.generation)", $0.callback,
                    formatMicroseconds($0.seconds * 1e6),
                ]
            })
}
