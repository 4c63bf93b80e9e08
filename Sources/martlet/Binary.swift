import ArgumentParser
import BinaryClient
import BinaryWire
import Configuration
import Glibc

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

    /// The arguments that all subcommands take.
    struct Server: ParsableArguments {
        @Argument(help: "Such as localhost:7100, [::1]:7100 or unix:/path.")
        var address: String

        @Option(help: "Seconds to wait for an answer.")
        var timeout = 5.0

        @OptionGroup var tls: TLSOptions

        func validate() throws {
            guard timeout > 0, timeout <= 86_400 else {
                throw ValidationError("--timeout: expected more than 0 and at most 86400 seconds, found \(timeout)")
            }
        }

        /// Connects and asks. Turns a failure into a message and an exit status.
        func ask<Answer>(_ question: (BinaryClient) throws(BinaryClientError) -> Answer) throws -> Answer {
            do throws(BinaryClientError) {
                return try question(
                    try BinaryClient.connect(address: address, tls: tls.settings, timeout: .seconds(timeout)))
            } catch {
                printError(error.description)
                throw ExitStatus.refused
            }
        }
    }

    struct Ping: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Measure round trips.")
        @OptionGroup var server: Server
        @Option(help: "How many pings to send.") var count = 3

        func run() throws {
            try server.ask { (client) throws(BinaryClientError) in
                print("\(client.server.name), protocol version \(client.server.version), at \(client.address)")
                for _ in 0..<max(count, 0) {
                    let time = try client.ping().components
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
            writeOutput(try server.ask { (client) throws(BinaryClientError) in try client.echo(sent) })
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
            guard let found = try server.ask({ (client) throws(BinaryClientError) in try client.read(Array(key.utf8)) })
            else {
                printError("no such key \"\(key)\"")
                throw ExitStatus.refused
            }
            let left = found.timeToLive.map {
                ", expires in \(DurationText.render(nanoseconds: Int64($0 / .nanoseconds(1))))"
            }
            writeOutput(Array("version \(found.version)\(left ?? "")\n".utf8) + found.value)
        }

        private func printValue() throws {
            guard let value = try server.ask({ (client) throws(BinaryClientError) in try client.get(Array(key.utf8)) })
            else {
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

        struct Entry: Codable {
            var key: String
            var value: String
        }

        func run() throws {
            let found = try server.ask { (client) throws(BinaryClientError) in
                try client.scan(prefix: Array(prefix.utf8), limit: max(limit, 0))
            }
            let entries = found.map {
                Entry(key: String(decoding: $0.key, as: UTF8.self), value: String(decoding: $0.value, as: UTF8.self))
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
