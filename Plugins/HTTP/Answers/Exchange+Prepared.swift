import HTTPWire
import MartletKit

extension Exchange {
    /// Sends a prepared answer, without its content for HEAD (RFC 9110 9.3.2).
    func answer(_ answer: PreparedAnswer) -> Flow {
        if keepsAlive, version == .http11, !isHead {
            return finish(answer.status, bytes: answer.count, connection.write(answer.whole))
        }
        var output = Output(connection)
        output.write(answer.head)
        output.write(endOfHead)
        if !isHead { output.write(answer.content) }
        return finish(answer.status, output)
    }

    /// The `Connection` field if it is needed (RFC 9112 9.3 and 9.6), and the empty line.
    var endOfHead: StaticString {
        if !keepsAlive { return "Connection: close\r\n\r\n" }
        return version == .http10 ? "Connection: keep-alive\r\n\r\n" : "\r\n"
    }

    func finish(_ status: UInt16, _ output: Output) -> Flow { finish(status, bytes: output.bytes, output.result) }
}
