import ArgumentParser
import Configuration
import Glibc
import MartletClient

struct Binary: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Talk to a listener of the binary protocol (docs/binary-protocol.md).",
        discussion: """
            ADDRESS is HOST:PORT, [IPV6]:PORT or unix:/path. Keys and values are the bytes of the arguments; a value of - \
            is read from standard input.

              martlet binary put localhost:7100 greeting hello
              martlet binary get localhost:7100 greeting
              martlet binary scan localhost:7100 gre
              martlet binary put localhost:7100 lease me --if-absent --ttl 30s
              martlet binary watch localhost:7100 --prefix gre
              martlet binary ping db.example.org:7143 --tls
            """,
        subcommands: [Ping.self, Echo.self, Get.self, Put.self, Delete.self, Scan.self, Watch.self])

    struct Ping: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Measure round trips.")
        @OptionGroup var server: Server
        @Option(help: "How many pings to send.") var count = 3

        func run() throws {
            let (address, count) = (server.address, count)
            try server.ask { client in
                let description = try await client.connect()
                print("\(description.name), protocol version \(description.version), at \(address)")
                for _ in 0..<max(count, 0) {
                    let time = try await client.ping().components
                    let microseconds = time.seconds * 1_000_000 + time.attoseconds / 1_000_000_000_000
                    print("pong after \(microseconds) us")
                }
            }
        }
    }

    struct Echo: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Send bytes and print what comes back.")
        @OptionGroup var server: Server
        @Argument(help: "The bytes to send; - reads standard input.") var bytes: String

        func run() throws {
            let sent = content(bytes)
            writeOutput(try server.ask { client in try await client.echo(sent) })
        }
    }

    struct Get: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the value of a key.", discussion: "The exit status is 1 when there is no such key.")
        @OptionGroup var server: Server
        @Argument var key: String
        @Flag(help: "Print a line with the version, and when the key expires, before the value.")
        var withVersion = false

        func run() throws { withVersion ? try printVersioned() : try printValue() }

        private func printVersioned() throws {
            let key = key
            guard let found = try server.ask({ client in try await client.read(key) }) else {
                printError("no such key \"\(key)\"")
                throw ExitStatus.refused
            }
            let left = found.timeToLive.map {
                ", expires in \(DurationText.render(nanoseconds: Int64($0 / .nanoseconds(1))))"
            }
            writeOutput(Array("version \(found.version)\(left ?? "")\n".utf8) + found.value)
        }

        private func printValue() throws {
            let key = key
            guard let value = try server.ask({ client in try await client.get(key) }) else {
                printError("no such key \"\(key)\"")
                throw ExitStatus.refused
            }
            writeOutput(value)
        }
    }

    struct Scan: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the keys with a prefix and their values, in the order of the keys.")
        @OptionGroup var server: Server
        @Argument var prefix = ""
        @Option(help: "Maximum number of entries.") var limit = 100
        @Flag(help: "Print JSON for machines.") var json = false

        struct Entry: Codable, Sendable {
            var key: String
            var value: String
        }

        func run() throws {
            let (prefix, limit) = (prefix, limit)
            let entries = try server.ask { client in
                var entries: [Entry] = []
                guard limit > 0 else { return entries }
                for try await entry in client.scan(prefix: prefix, pageEntries: min(limit, 1_000)) {
                    entries.append(
                        Entry(
                            key: String(decoding: entry.key, as: UTF8.self),
                            value: String(decoding: entry.value, as: UTF8.self)))
                    if entries.count == limit { break }
                }
                return entries
            }
            if json { try printJSON(entries) } else { for entry in entries { print("\(entry.key)\t\(entry.value)") } }
        }
    }
}

/// The bytes of an argument, or all of standard input for "-".
func content(_ argument: String) -> [UInt8] {
    guard argument == "-" else { return Array(argument.utf8) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = read(STDIN_FILENO, &buffer, buffer.count)
        if count <= 0 { return bytes }
        bytes += buffer[..<count]
    }
}

/// Writes the bytes unchanged, and a newline when standard output is a terminal.
func writeOutput(_ bytes: [UInt8]) {
    var bytes = bytes
    if isatty(STDOUT_FILENO) != 0, bytes.last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
    var written = 0
    while written < bytes.count {
        let count = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress! + written, bytes.count - written) }
        guard count > 0 else { return }
        written += count
    }
}
