import ArgumentParser
import Configuration
import Glibc
import Instances
import PluginHost

@main
struct Martlet: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet",
        abstract: "A plugin-host server: protocols are shared libraries, a deploy is a file copy.",
        discussion: """
            Martlet owns sockets, event loops, threads, memory and limits. The files in plugins.d say which plugin \
            listens where. Copy a new .so over an old one and run `martlet reload` (or send SIGHUP): new connections \
            get the new code, existing ones continue undisturbed.

            EXIT STATUS
              0   done
              1   refused or failed: the message says why
              3   no server answers
              64  the command line is wrong
              69  a part of Martlet is not installed
            """,
        version: "martlet \(Version.current) (plugin ABI \(Version.abi))",
        subcommands: [
            Serve.self, Plugins.self, Reload.self, Rollback.self, Generations.self, Connections.self,
            DatabasesCommand.self, UsersCommand.self,
            Status.self,
            TLS.self, Metrics.self,
            Workers.self, Processes.self, Crashes.self, Call.self, Config.self, New.self, SimulationPath.self,
            Binary.self, Bench.self,
            ProbeImage.self,
        ])

    static func main() {
        // Children that the server starts. They have no options and are not for users.
        if CommandLine.arguments.dropFirst().elementsEqual([ParserChild.command]) { ParserChild.run() }
        if CommandLine.arguments.dropFirst().elementsEqual([HostCommand.name]) { HostCommand.run() }
        main(nil)
    }
}

/// The exit statuses of the command line.
enum ExitStatus {
    static let refused = ExitCode(1)
    static let noServer = ExitCode(3)
    static let notInstalled = ExitCode(EX_UNAVAILABLE)
}
