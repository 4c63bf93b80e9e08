import ArgumentParser
import BinaryWire
import Configuration
import MartletClient

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

        /// nil: none.
        private func timeToLive() throws -> Duration? {
            guard let ttl else { return nil }
            let milliseconds = (DurationText.nanoseconds(ttl) ?? 0) / 1_000_000
            guard 1...Int64(WireLimits.longestTimeToLiveMilliseconds) ~= milliseconds else {
                throw ValidationError("--ttl: expected a time from 1ms to 3650d, such as 30s, found \"\(ttl)\"")
            }
            return .milliseconds(milliseconds)
        }

        func run() throws {
            let (key, bytes) = (key, content(value))
            guard ifAbsent || ifVersion != nil || ttl != nil else {
                let outcome = try server.ask { client in try await client.put(key, bytes) }
                return print(outcome == .created ? "created" : "replaced")
            }
            let condition = ifVersion.map { MartletClient.Condition.version($0) } ?? (ifAbsent ? .absent : .always)
            let timeToLive = try timeToLive()
            let outcome = try server.ask { client in
                try await client.put(key, bytes, if: condition, timeToLive: timeToLive)
            }
            let (version, existed) = try Binary.done(outcome, key, "put")
            print("\(existed ? "replaced" : "created"), version \(version)")
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
            let key = key
            if let ifVersion {
                let outcome = try server.ask { client in try await client.delete(key, if: .version(ifVersion)) }
                _ = try Binary.done(outcome, key, "deleted")
                return print("deleted")
            }
            let existed = try server.ask { client in try await client.delete(key) }
            print(existed ? "deleted" : "no such key")
            if !existed { throw ExitStatus.refused }
        }
    }

    static func checkVersion(_ version: UInt64?) throws {
        if version == 0 { throw ValidationError("--if-version: expected a number above 0, found 0") }
    }

    /// Fails with a message if the condition was not met.
    ///
    /// - Parameter done: what has not happened then.
    fileprivate static func done(
        _ outcome: MartletClient.WriteOutcome, _ key: String, _ done: String
    ) throws -> (version: UInt64, existed: Bool) {
        switch outcome {
        case .done(let version, let existed): return (version, existed)
        case .conditionNotMet(let version):
            let found = version > 0 ? "the key \"\(key)\" has version \(version)" : "no such key \"\(key)\""
            printError("not \(done): \(found)")
            throw ExitStatus.refused
        }
    }
}
