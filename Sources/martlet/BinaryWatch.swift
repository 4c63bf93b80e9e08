import ArgumentParser
import FoundationEssentials
import MartletClient

extension Binary {
    struct Watch: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the changes of a key, or of all keys with a prefix, until it is interrupted.",
            discussion: """
                Prints a line for each change: put, the key and its new version; deleted or expired, and the key. lost means that changes \
                may have been missed, such as while the server restarted. Begins with a line on standard error when the server has taken the watch.
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

        fileprivate struct Line: Encodable {
            var event: String
            var key: String
            var version: UInt64?
        }

        func run() throws {
            let (address, key, prefix, json) = (server.address, key, prefix, json)
            try server.ask { client in
                let changes =
                    if let prefix { try await client.watch(prefix: prefix) } else { try await client.watch(key ?? "") }
                printError("\(address): watching; ^C ends it")
                for try await change in changes { Line(change).write(json: json) }
            }
        }
    }
}

extension Binary.Watch.Line {
    init(_ change: MartletClient.Change) {
        func text(_ key: [UInt8]) -> String { String(decoding: key, as: UTF8.self) }
        switch change {
        case .put(let key, let version): self.init(event: "put", key: text(key), version: version)
        case .deleted(let key): self.init(event: "deleted", key: text(key))
        case .expired(let key): self.init(event: "expired", key: text(key))
        case .lost: self.init(event: "lost", key: "")
        }
    }

    /// At once, also into a pipe.
    func write(json: Bool) {
        guard json else {
            let words = [event, key, version.map { "\($0)" } ?? ""]
            return writeOutput(Array((words.filter { !$0.isEmpty }.joined(separator: "\t") + "\n").utf8))
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let line = try? encoder.encode(self) else { return }
        writeOutput(Array(line) + [UInt8(ascii: "\n")])
    }
}
