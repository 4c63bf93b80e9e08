import ArgumentParser
import BinaryClient
import BinaryWire
import Configuration

extension Binary {
    struct Put: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set the value of a key.", discussion: "The exit status is 1 when a condition is not met.")
        @OptionGroup var server: Server
        @Argument var key: String
        @Argument(help: "The value; - reads standard input.") var value: String
        @Flag(help: "Only if there is no such key.") var ifAbsent = false
        @Option(help: "Only if the key has this version.") var ifVersion: UInt64?
        @Option(help: "The key expires after this time, such as 1500ms, 30s or 1h30m.") var ttl: String?

        func validate() throws {
            if ifAbsent, ifVersion != nil { throw ValidationError("--if-absent and --if-version exclude each other") }
            try Binary.checkVersion(ifVersion)
            _ = try timeToLive()
        }

        /// In milliseconds; 0: none.
        private func timeToLive() throws -> UInt64 {
            guard let ttl else { return 0 }
            let milliseconds = (DurationText.nanoseconds(ttl) ?? 0) / 1_000_000
            guard 1...Int64(WireLimits.longestTimeToLiveMilliseconds) ~= milliseconds else {
                throw ValidationError("--ttl: expected a time from 1ms to 3650d, such as 30s, found \"\(ttl)\"")
            }
            return UInt64(milliseconds)
        }

        func run() throws {
            let bytes = content(value)
            guard ifAbsent || ifVersion != nil || ttl != nil else {
                let outcome = try server.ask { (client) throws(BinaryClientError) in
                    try client.put(Array(key.utf8), bytes)
                }
                return print(outcome == .created ? "created" : "replaced")
            }
            let condition = ifVersion.map { WriteCondition.version($0) } ?? (ifAbsent ? .absent : .always)
            let write = Write.put(Array(key.utf8), bytes, if: condition, timeToLiveMilliseconds: try timeToLive())
            let answer = try server.write(write, "put")
            print("\(answer.existed ? "replaced" : "created"), version \(answer.version)")
        }
    }

    struct Delete: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a key.",
            discussion: "The exit status is 1 when there was no such key, or the condition is not met.")
        @OptionGroup var server: Server
        @Argument var key: String
        @Option(help: "Only if the key has this version.") var ifVersion: UInt64?

        func validate() throws { try Binary.checkVersion(ifVersion) }

        func run() throws {
            if let ifVersion {
                _ = try server.write(.delete(Array(key.utf8), if: .version(ifVersion)), "deleted")
                return print("deleted")
            }
            let existed = try server.ask { (client) throws(BinaryClientError) in try client.delete(Array(key.utf8)) }
            print(existed ? "deleted" : "no such key")
            if !existed { throw ExitStatus.refused }
        }
    }

    static func checkVersion(_ version: UInt64?) throws {
        if version == 0 { throw ValidationError("--if-version: expected a number above 0, found 0") }
    }
}

extension Binary.Server {
    /// Writes, and fails with a message if the condition is not met.
    ///
    /// - Parameter done: what has not happened then.
    func write(_ write: Write, _ done: String) throws -> WriteAnswer {
        let answer = try ask { (client) throws(BinaryClientError) in try client.write(write) }
        guard answer.isDone else {
            let key = String(decoding: write.key, as: UTF8.self)
            printError(
                "not \(done): "
                    + (answer.existed
                        ? "the key \"\(key)\" has version \(answer.version)" : "no such key \"\(key)\""))
            throw ExitStatus.refused
        }
        return answer
    }
}
