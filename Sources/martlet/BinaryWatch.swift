import ArgumentParser
import BinaryClient
import BinaryWire
import FoundationEssentials
import Glibc

extension Binary {
    struct Watch: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the changes of a key, or of all keys with a prefix, until it is interrupted.",
            discussion: """
                Prints a line for each change: put, the key and its new version; deleted or expired, and the key. lost means that changes \
                may have been missed. Begins with a line on standard error when the server has taken the watch.
                """)
        @OptionGroup var server: Server
        @Argument(help: "The key; without one, --prefix.") var key: String?
        @Option(help: "Watch all keys that begin with it; \"\" is every key.") var prefix: String?
        @Flag(help: "Print one line of JSON for each change.") var json = false

        func validate() throws {
            guard (key == nil) != (prefix == nil) else {
                throw ValidationError("expected either a key or --prefix, found \(key == nil ? "none" : "both")")
            }
        }

        private struct Line: Encodable {
            var event: String
            var key: String
            var version: UInt64?
        }

        func run() throws {
            try server.ask { (client) throws(BinaryClientError) in
                let kind: WatchKind = prefix == nil ? .key : .prefix
                _ = try client.watch(kind, Array((prefix ?? key ?? "").utf8))
                printError("\(client.address): watching; ^C ends it")
                while true { show(try client.nextChange()) }
            }
        }

        private func show(_ change: Change) {
            let key = String(decoding: change.key, as: UTF8.self)
            guard json else {
                let words = ["\(change.kind)", key, change.version > 0 ? "\(change.version)" : ""]
                return writeLine(words.filter { !$0.isEmpty }.joined(separator: "\t"))
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let version = change.version > 0 ? change.version : nil
            guard let line = try? encoder.encode(Line(event: "\(change.kind)", key: key, version: version)) else {
                return
            }
            writeLine(String(decoding: line, as: UTF8.self))
        }

        /// At once, also into a pipe.
        private func writeLine(_ line: String) { writeOutput(Array("\(line)\n".utf8)) }
    }
}
