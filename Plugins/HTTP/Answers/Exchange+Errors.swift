import HTTPWire
import MartletKit

/// Answers that do not depend on a route's resource: errors, refusals, OPTIONS.
extension Exchange {
    /// Answers with a status and a line of text that names it, and with `reason` if there is one.
    func answer(_ status: StatusCode, because reason: StaticString? = nil, allow: StaticString? = nil) -> Flow {
        let settings = connection.plugin.settings
        let content = ErrorText(status, reason)
        var output = Output(connection)
        output.writeHead(room: 512 + settings.server.bytes.count) { writer in
            writer.status(status)
            writer.date(connection.loop.date.text)
            writer.server(settings.server)
            if let allow { writer.field("Allow", allow) }
            writer.contentType("text/plain; charset=utf-8")
            writer.contentLength(UInt64(content.count))
            writer.connection(keepsAlive: keepsAlive, for: version)
        }
        if !isHead { content.write(to: &output) }
        return finish(status.number, output)
    }

    /// Answers a malformed request, and closes, because it is not known where the next request begins.
    static func refuse(_ refusal: Refusal, of method: RequestMethod, _ connection: Connection<HTTP>) -> Flow {
        connection.plugin.metrics.countMalformed(refusal.status)
        let exchange = Exchange(
            connection: connection, method: method, version: .http11, target: Bytes(start: nil, count: 0),
            keepsAlive: false)
        return exchange.answer(refusal.status, because: refusal.message)
    }

    /// RFC 9110 9.3.7. A 204 has no `Content-Length` (8.6).
    func answerOptions(allow: StaticString) -> Flow {
        let settings = connection.plugin.settings
        var output = Output(connection)
        output.writeHead(room: 256 + settings.server.bytes.count) { writer in
            writer.status(.noContent)
            writer.date(connection.loop.date.text)
            writer.server(settings.server)
            writer.field("Allow", allow)
            writer.connection(keepsAlive: keepsAlive, for: version)
        }
        return finish(StatusCode.noContent.number, output)
    }
}

/// `404 Not Found`, or `400 Bad Request: line feed without a carriage return before it`, with a line feed.
private struct ErrorText {
    private let status: StatusCode
    private let reason: StaticString?

    init(_ status: StatusCode, _ reason: StaticString?) {
        self.status = status
        self.reason = reason
    }

    var count: Int { 4 + status.reason.utf8CodeUnitCount + (reason.map { 2 + $0.utf8CodeUnitCount } ?? 0) + 1 }

    func write(to output: inout Output) {
        let number = status.number
        withUnsafeTemporaryAllocation(byteCount: 4, alignment: 1) { digits in
            digits[0] = 0x30 + UInt8(number / 100)
            digits[1] = 0x30 + UInt8(number / 10 % 10)
            digits[2] = 0x30 + UInt8(number % 10)
            digits[3] = 0x20
            output.write(UnsafeRawBufferPointer(digits))
        }
        output.write(status.reason)
        if let reason {
            output.write(": ")
            output.write(reason)
        }
        output.write("\n")
    }
}
