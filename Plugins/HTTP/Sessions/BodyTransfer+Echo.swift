import HTTPWire
import MartletKit

extension BodyTransfer {
    /// Sends content back as it arrives: with the announced length, or chunk by chunk.
    mutating func echo(_ input: Bytes, _ exchange: Exchange) -> (consumed: Int, TransferFlow) {
        let limits = exchange.connection.plugin.settings.limits
        var output = Output(exchange.connection)
        defer { bytesSent += output.bytes }
        var offset = 0
        if !reader.isChunked { sendHead(&output, exchange) }
        while true {
            switch reader.next(Bytes(rebasing: input[offset...]), limits) {
            case .needMore(let consumed): return (offset + consumed, .waits(output.result))
            case .data(let range):
                sendHead(&output, exchange)
                send(Bytes(rebasing: input[range.shifted(by: offset)]), &output)
                offset += range.upperBound
                if output.result != .ok, !reader.isComplete { return (offset, .waits(output.result)) }
            case .end(let consumed):
                sendHead(&output, exchange)
                if reader.isChunked { output.write("0\r\n\r\n") }
                return (offset + consumed, .done(output.result))
            case .refused(let refusal): return (offset, .refused(refusal))
            }
        }
    }

    private mutating func sendHead(_ output: inout Output, _ exchange: Exchange) {
        if headIsSent { return }
        headIsSent = true
        let connection = exchange.connection
        let server = connection.plugin.settings.server
        output.writeHead(room: 256 + server.bytes.count) { writer in
            writer.status(.ok)
            writer.date(connection.loop.date.text)
            writer.server(server)
            // Regardless of the type that the peer sent: a browser must not be tricked into running the content.
            writer.contentType("application/octet-stream")
            if case .length(let count) = reader {
                writer.contentLength(count)
            } else {
                writer.field("Transfer-Encoding", "chunked")
            }
            writer.connection(keepsAlive: exchange.keepsAlive, for: exchange.version)
        }
    }

    private func send(_ content: Bytes, _ output: inout Output) {
        guard reader.isChunked else { return output.write(UnsafeRawBufferPointer(content)) }
        output.writeChunkSize(content.count)
        output.write(UnsafeRawBufferPointer(content))
        output.write("\r\n")
    }
}

/// How a transfer continues.
enum TransferFlow {
    /// It waits for more input or for room.
    case waits(HostResult)
    case done(HostResult)
    case refused(Refusal)
}

extension Range<Int> {
    fileprivate func shifted(by offset: Int) -> Range<Int> { lowerBound + offset..<upperBound + offset }
}

extension Output {
    /// chunk-size and CRLF (RFC 9112 7.1).
    fileprivate mutating func writeChunkSize(_ size: Int) {
        withUnsafeTemporaryAllocation(byteCount: 18, alignment: 1) { memory in
            var start = 16
            memory[16] = 0x0D
            memory[17] = 0x0A
            var rest = size
            repeat {
                start -= 1
                let digit = UInt8(rest & 15)
                memory[start] = digit < 10 ? 0x30 + digit : 0x61 - 10 + digit
                rest >>= 4
            } while rest > 0
            write(UnsafeRawBufferPointer(rebasing: memory[start...]))
        }
    }
}
