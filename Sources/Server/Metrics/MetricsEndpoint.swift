import Engine
import Glibc
import HTTPWire

/// `GET /metrics` for Prometheus, on `metrics_listen`. One request a connection.
final class MetricsEndpoint: Sendable {
    private static let headLimit = 8 << 10

    private let service: SocketService

    init(_ address: ListeningAddress) throws(SystemError) {
        service = try SocketService(address, name: "metrics")
    }

    /// With the port that the kernel chose, where 0 was asked for.
    var address: ListeningAddress { service.address }

    func serve(_ metrics: @escaping @Sendable () -> String) {
        service.serve { connection in
            guard let answer = Self.answer(to: connection, metrics) else { return }
            guard writeAll(connection, Array(answer.utf8)) else { return }
            // What the peer has still sent must not turn the answer into a reset.
            shutdown(connection, Int32(SHUT_WR))
            var rest = [UInt8](repeating: 0, count: 4 << 10)
            while read(connection, &rest, rest.count) > 0 {}
        }
    }

    func stop() { service.stop() }

    /// nil: the peer left, or was too slow.
    private static func answer(to connection: Int32, _ metrics: () -> String) -> String? {
        var (input, parser, head) = ([UInt8](), RequestParser(), RequestHead())
        var buffer = [UInt8](repeating: 0, count: 4 << 10)
        while input.count < headLimit {
            let count = read(connection, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            input += buffer[..<count]
            switch parser.parse(input.span.bytes, limits: RequestLimits(), into: &head) {
            case .needMore: continue
            case .refused(let refusal):
                return response(
                    "\(refusal.status.number) \(refusal.status.reason)", "\(refusal.message)\n",
                    to: RequestMethod(ofRefused: input.span.bytes))
            case .head: return answer(to: head, input, metrics)
            }
        }
        return response(
            "431 Request Header Fields Too Large", "at most \(headLimit) bytes\n",
            to: RequestMethod(ofRefused: input.span.bytes))
    }

    private static func answer(to head: RequestHead, _ input: [UInt8], _ metrics: () -> String) -> String {
        guard head.method == .get else {
            return response("405 Method Not Allowed", "GET\n", "Allow: GET\r\n", to: head.method)
        }
        let path = input[head.path.offsets]
        guard path.elementsEqual("/metrics".utf8) else { return response("404 Not Found", "try /metrics\n") }
        return response("200 OK", metrics(), type: "text/plain; version=0.0.4; charset=utf-8")
    }

    private static func response(
        _ status: String, _ body: String, _ more: String = "", to method: RequestMethod = .get,
        type: String = "text/plain; charset=utf-8"
    ) -> String {
        "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\(more)Connection: close\r\n\r\n"
            // RFC 9110 9.3.2.
            + (method == .head ? "" : body)
    }
}
