import Glibc
import MartletKit
import Synchronization

/// A plugin that follows commands of its peer, one character each, including commands that break the rules.
struct Scripted: Plugin {
    static let manifest = Manifest(
        name: "scripted", version: "1.0.0", summary: "Does what its peer says",
        options: [
            Option("count", .integer(1...10), default: "3", help: "An integer"),
            Option("size", .size(), default: "\"64KiB\"", help: "A size"),
            Option("wait", .duration(), default: "\"1m\"", help: "A duration"),
            Option("mode", .text(choices: ["a", "b"]), default: "\"a\"", help: "A text"),
            Option("names", .list(of: .text()), default: "[\"x\", 'y']", help: "A list"),
            Option(
                "routes", .list(of: .table([Option("path", .text(), required: true, help: "A text")])), help: "Tables"),
            Option("on", .boolean, default: "false", help: "A boolean"),
        ])

    let greeting: String
    let counter: Metric<Scripted>
    let services: Host<Scripted>
    /// Sessions store a connection here, which is against the rules.
    let kept = Kept()

    final class Kept: @unchecked Sendable {
        var connection: Connection<Scripted>?
        var refusesPeers = false
    }

    init(options: Options, host: Host<Scripted>) throws(OptionError) {
        let count = try options.integer("count")
        guard count != 7 else { throw OptionError("count", "7 is not liked") }
        let names = try options.texts("names").joined(separator: "+")
        let routes = try options.tables("routes").map { (route) throws(OptionError) in try route.text("path") }
        greeting =
            "\(count) \(try options.size("size")) \(try options.duration("wait")) \(try options.text("mode")) "
            + "\(names) \(routes) \(try options.boolean("on"))"
        counter = host.counter("things_total", help: "Things")
        services = host
    }

    struct Session: MartletKit.Session {
        typealias Plugin = Scripted

        init?(opening connection: Connection<Scripted>) {
            guard !connection.plugin.kept.refusesPeers else { return nil }
        }

        mutating func received(_ input: Span<UInt8>, from connection: Connection<Scripted>) throws(SessionError) -> Int
        {
            for index in input.indices {
                let command = Character(Unicode.Scalar(input[index]))
                switch command {
                case "X": return input.count + 1
                case "N": throw .peer
                case "E": throw .failed
                case "h": return index
                default: if !Scripted.run(command, connection) { return index + 1 }
                }
            }
            return input.count
        }

        mutating func writable(_ connection: Connection<Scripted>) { connection.plugin.services.log(.info, "writable") }

        mutating func timerFired(_ connection: Connection<Scripted>) {
            connection.write("T")
            connection.resume()
        }

        mutating func peerClosed(_ connection: Connection<Scripted>) {
            connection.write("bye")
            connection.close()
        }

        mutating func closed(_ connection: Connection<Scripted>, reason: CloseReason) {
            connection.plugin.services.log(.info, "closed \(reason.rawValue) \(connection.write("x").rawValue)")
        }
    }
}
