import BinaryWire
import Glibc

/// The server's end of one connection. Blocks; used by one thread.
final class Peer {
    let descriptor: Int32
    /// How many connections the server had before.
    let number: Int
    var settings = ServerSettings()!
    private lazy var session = ServerSession(settings: settings, nowMilliseconds: 0)
    private var input: [UInt8] = []
    /// Heartbeats that the client has answered.
    private(set) var heartbeatsAnswered = 0

    /// A request with bytes of its own.
    struct Incoming {
        let request: ServerRequest
        let id: UInt32
        let bytes: [UInt8]

        func array(_ range: Range<Int>) -> [UInt8] { Array(bytes[range]) }
    }

    init(descriptor: Int32, number: Int) { (self.descriptor, self.number) = (descriptor, number) }

    /// The next request after the hello, which is answered here. nil: the client has closed, or was refused.
    func next() -> Incoming? {
        while true {
            let step = session.next(in: input.span.bytes, nowMilliseconds: 0)
            let bytes = step.consumed == 0 ? [] : Array(input[..<step.consumed])
            input.removeFirst(step.consumed)
            switch step.event {
            case .needMore: guard receive() else { return nil }
            case .hello(_, let id): write(helloAnswer(id))
            case .request(let request, let id): return Incoming(request: request, id: id, bytes: bytes)
            case .refused(let refusal):
                write(encoded { FrameEncoder.error(refusal, into: &$0) })
                if refusal.closes { return nil }
            case .heartbeatAnswered: heartbeatsAnswered += 1
            case .discarded: return nil
            }
        }
    }

    /// Sends a heartbeat and waits for its answer. Returns false if another request or the end comes.
    func beat() -> Bool {
        guard case .send(let counter, _) = session.tick(nowMilliseconds: .max / 2) else { return false }
        write(encoded { FrameEncoder.heartbeat(counter: counter, into: &$0) })
        let before = heartbeatsAnswered
        while heartbeatsAnswered == before {
            let step = session.next(in: input.span.bytes, nowMilliseconds: 0)
            input.removeFirst(step.consumed)
            switch step.event {
            case .needMore: guard receive() else { return false }
            case .heartbeatAnswered: heartbeatsAnswered += 1
            default: return false
            }
        }
        return true
    }

    func helloAnswer(_ id: UInt32) -> [UInt8] {
        encoded {
            FrameEncoder.helloAnswer(settings: settings, name: utf8("test").span.bytes, requestID: id, into: &$0)
        }
    }

    // MARK: Bytes

    /// Appends what arrives. Returns false at the end.
    private func receive() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { return false }
        input += chunk[..<count]
        return true
    }

    func write(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    var isEmpty: Bool { input.isEmpty }

    /// Reads until the client closes.
    func drain() { while receive() { input = [] } }

    /// The close will be a reset.
    func lingerNot() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
}

func encoded(_ encode: (inout MutableRawSpan) -> Encoded) -> [UInt8] { FrameEncoder.array(encode) ?? [] }

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

func goodbye(_ reason: GoodbyeReason = .reload) -> [UInt8] {
    encoded { FrameEncoder.goodbye(reason, graceMilliseconds: 5_000, text: utf8("bye").span.bytes, into: &$0) }
}

extension Peer {
    /// Whether bytes wait to be read.
    var hasInput: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return !isEmpty || poll(&entry, 1, 0) > 0
    }
}
