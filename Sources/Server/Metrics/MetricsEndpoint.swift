import Addresses
import Glibc
import HTTPWire
import Threads

/// `GET /metrics` for Prometheus, on `metrics_listen`. One request per connection.
final class MetricsEndpoint: Sendable {
    private static let headLimit = 8 << 10

    let service: SocketService

    init(_ address: ListenAddress) throws(SystemError) {
        service = try SocketService(address, name: "metrics")
    }

    /// With the port that the kernel chose when the configuration says 0.
    var address: ListenAddress { service.address }

    func serve(_ metrics: @escaping @Sendable () -> String) {
        service.serve(read: Self.request) { request in
            switch request {
            case .refused(let answer): Array(answer.utf8)
            case .complete(let head, let input): Array(Self.answer(to: head, input, metrics).utf8)
            }
        }
    }

    func stop() { service.stop() }

    private enum Request {
        case complete(RequestHead, [UInt8])
        /// To be answered with this text.
        case refused(String)
    }

    /// Returns nil when the peer left or was too slow.
    private static func request(_ conversation: Conversation) -> Request? {
        var (input, parser, head) = ([UInt8](), RequestParser(), RequestHead())
        while input.count < headLimit {
            guard let bytes = conversation.receive() else { return nil }
            input += bytes
            switch parser.parse(input.span.bytes, limits: RequestLimits(), into: &head) {
            case .needMore: continue
            case .refused(let refusal):
                return .refused(
                    response(
                        "\(refusal.status.number) \(refusal.status.reason)", "\(refusal.message)\n",
                        to: RequestMethod(ofRefused: input.span.bytes)))
            case .head: return .complete(head, input)
            }
        }
        return .refused(
            response(
                "431 Request Header Fields Too Large", "at most \(headLimit) bytes\n",
                to: RequestMethod(ofRefused: input.span.bytes)))
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
            // No body for HEAD: RFC 9110, 9.3.2.
            + (method == .head ? "" : body)
    }
}
