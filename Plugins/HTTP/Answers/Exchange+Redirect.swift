import HTTPWire
import MartletKit

extension Exchange {
    /// Redirects with 301 to the same path with a slash at its end, so that relative links in the index file resolve.
    ///
    /// The location is made from the normal form of the path and not from the path as sent: `//host` at its beginning
    /// would name another server. The query stays.
    func redirectToFolder(_ path: Bytes, query: Bytes) -> Flow {
        let settings = connection.plugin.settings
        let room = 512 + settings.server.bytes.count + path.count * 3 + query.count
        let flow: Flow? = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: path.count * 3 + query.count + 2) {
            memory in
            let location = Bytes(rebasing: memory[..<Self.writeLocation(path, query, into: memory)])
            var output = Output(connection)
            output.writeHead(room: room) { writer in
                writer.status(.movedPermanently)
                writer.date(connection.loop.date.text)
                writer.server(settings.server)
                writer.field("Location", RawSpan(_unsafeBytes: UnsafeRawBufferPointer(location)))
                writer.contentLength(0)
                writer.connection(keepsAlive: keepsAlive, for: version)
            }
            return finish(StatusCode.movedPermanently.number, output)
        }
        return flow ?? breakOff()
    }

    private static func writeLocation(
        _ path: Bytes, _ query: Bytes, into memory: UnsafeMutableBufferPointer<UInt8>
    ) -> Int {
        var count = 0
        func append(_ byte: UInt8) {
            memory[count] = byte
            count += 1
        }
        for byte in path {
            if isPathCharacter(byte) {
                append(byte)
            } else {
                append(UInt8(ascii: "%"))
                append(hexadecimalDigit(byte >> 4))
                append(hexadecimalDigit(byte & 15))
            }
        }
        append(UInt8(ascii: "/"))
        if query.count > 0 {
            append(UInt8(ascii: "?"))
            for byte in query { append(byte) }
        }
        return count
    }

    /// A pchar except the percent sign, or a slash (RFC 3986 3.3).
    private static func isPathCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "/-._~!$&'()*+,;=:@".utf8.contains(byte)
        }
    }

    private static func hexadecimalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") - 10 + value
    }
}
