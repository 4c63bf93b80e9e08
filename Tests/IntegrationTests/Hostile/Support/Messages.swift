import BinaryWire
import TestInput

/// Messages that peers might send to each listener, valid or slightly damaged.
enum Messages {
    /// Some messages that the listener's plugin understands, in one piece.
    static func valid(for listener: String, _ generator: inout SeededGenerator) throws -> [UInt8] {
        switch listener {
        case "http": (0...generator.below(4)).flatMap { _ in Array(request(&generator).utf8) }
        case "binary": try frames(&generator)
        case "shout": Array(lines(&generator).utf8)
        case "proxied": header(&generator) + Array(lines(&generator).utf8)
        default: generator.bytes(generator.below(5_000))
        }
    }

    /// The same with a few changes: altered bytes, and pieces that are missing, repeated or random.
    static func broken(for listener: String, _ generator: inout SeededGenerator) throws -> [UInt8] {
        if generator.below(6) == 0 { return generator.bytes(generator.below(3_000)) }
        var bytes = try valid(for: listener, &generator)
        for _ in 0...generator.below(6) where !bytes.isEmpty {
            let place = generator.below(bytes.count)
            let end = min(place + 1 + generator.below(20), bytes.count)
            switch generator.below(5) {
            case 0: bytes[place] ^= 1 << UInt8(generator.below(8))
            case 1: bytes[place] = UInt8(generator.below(256))
            case 2: bytes.removeSubrange(place..<end)
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
            default: bytes.insert(contentsOf: generator.bytes(generator.below(40)), at: place)
            }
        }
        return bytes
    }

    static func request(_ generator: inout SeededGenerator) -> String {
        let fields = [
            "", "Connection: close\r\n", "Accept: */*\r\n", "Range: bytes=0-1\r\n", "If-None-Match: \"a\"\r\n",
        ]
        let field = fields[generator.below(fields.count)]
        let body = String(repeating: "b", count: generator.below(300))
        return switch generator.below(5) {
        case 0: "HEAD / HTTP/1.1\r\nHost: x\r\n\(field)\r\n"
        case 1: "POST /echo HTTP/1.1\r\nHost: x\r\n\(field)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        case 2:
            "PUT /echo HTTP/1.1\r\nHost: x\r\n\(field)Transfer-Encoding: chunked\r\n\r\n"
                + (body.isEmpty ? "" : "\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n") + "0\r\n\r\n"
        case 3: "OPTIONS * HTTP/1.1\r\nHost: x\r\n\(field)\r\n"
        default: "GET /\(generator.below(100)) HTTP/1.1\r\nHost: x\r\n\(field)\r\n"
        }
    }

    private static func frames(_ generator: inout SeededGenerator) throws -> [UInt8] {
        var session = ClientSession(name: "hostile")
        var bytes = try session.hello().bytes
        for _ in 0...generator.below(4) { bytes += try session.echo(generator.bytes(generator.below(600))).bytes }
        return bytes
    }

    private static func lines(_ generator: inout SeededGenerator) -> String {
        let commands = ["?version", "?peer", "?info", "?lines", "?shared", "?post", "?pause", "?bye", "?drop", "!work"]
        return (0...generator.below(8)).map { _ in
            generator.below(2) == 0
                ? commands[generator.below(commands.count)] : String(repeating: "l", count: generator.below(200))
        }.joined(separator: "\n") + "\n"
    }

    private static func header(_ generator: inout SeededGenerator) -> [UInt8] {
        let source = generator.below(2) == 0 ? "192.0.2.\(generator.below(256))" : "2001:db8::\(generator.below(256))"
        return generator.below(2) == 0
            ? Array(ProxyLine.text(source).utf8)
            : ProxyLine.binary(source, fields: [4, 0, 3] + generator.bytes(3))
    }
}
