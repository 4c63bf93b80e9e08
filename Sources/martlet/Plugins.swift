import ArgumentParser
import Configuration
import Instances
import PluginHost
import Server

struct Plugins: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, show, check and sign plugins.",
        subcommands: [List.self, Show.self, Check.self, Keygen.self, Sign.self, Forgive.self],
        defaultSubcommand: List.self)
}

extension Plugins {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the running plugins, or those of a folder.",
            discussion: """
                Without a folder, asks the running server: lists every live generation, and says whether the file on disk is \
                still what runs. With a folder, inspects its files: no server is needed, and nothing is loaded into \
                one.

                STATES
                  running   gets new connections           retiring  lives until its connections close
                  outdated  runs; the file on disk differs missing   runs; the file on disk is gone
                  trial     gets a share of new connections until it takes over or is withdrawn
                  ready     would be accepted              refused   would be refused: the note says why
                  unused    no listener names the file     disabled  its listener has enabled = false
                """)

        @Argument(help: "A plugins folder to inspect without a server.")
        var directory: String?

        @OptionGroup var server: ServerOptions

        func run() throws {
            let rows = try rows()
            if server.json { return try printJSON(rows) }
            printTable(
                [["NAME", "VERSION", "ABI", "HASH", "LISTENER", "GEN", "CONNS", "STATE", "FILE"]] + rows.map(cells))
            for row in rows where !row.note.isEmpty { print("  \(row.file): \(row.note)") }
        }

        private func rows() throws -> [PluginRow] {
            guard let directory else { return try server.ask(.plugins).plugins ?? [] }
            return try withImageLoader {
                PluginFolder(directory).rows(processFile: server.process.processFile(for: directory), loader: $0)
            }
        }

        private func cells(_ row: PluginRow) -> [String] {
            [
                row.name.isEmpty ? "-" : row.name, row.version.isEmpty ? "-" : row.version,
                row.abi.isEmpty ? "-" : row.abi, String(row.hash.prefix(12)), row.listener.isEmpty ? "-" : row.listener,
                row.generation == 0 ? "-" : "\(row.generation)", "\(row.connections)", row.state.rawValue, row.file,
            ]
        }
    }

    struct Forgive: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Take a plugin that failed its trial or crashed out of quarantine, so that a reload accepts it again.",
            discussion: """
                Also releases what a rollback or an aborted trial holds back under the same hash: the next reload runs what \
                the folder asks for. When no server runs, this takes effect when the next one starts.
                """)

        @Argument(help: "Its content hash, or at least the first six digits of it.")
        var hash: String

        @OptionGroup var server: ServerOptions

        func run() throws {
            let forgiven = try forgive()
            if server.json { try printJSON(forgiven) } else { for hash in forgiven { print("forgiven: \(hash)") } }
            guard !forgiven.isEmpty else {
                printError(
                    "no hash in quarantine or held back begins with \"\(hash)\" (at least six digits are needed)")
                throw ExitStatus.refused
            }
        }

        private func forgive() throws -> [String] {
            var question = ControlQuestion(.forgive)
            question.hash = hash
            if let answer = try server.askIfPresent(question) { return answer.forgiven ?? [] }
            let process = try server.checkedConfiguration()
            do throws(RuntimeDirectory.Problem) {
                return try ForgiveWithoutServer.forgive(hash, process)
            } catch {
                printError(error.description)
                throw ExitStatus.refused
            }
        }
    }
}
