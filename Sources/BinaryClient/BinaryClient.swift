import BinaryWire
import TLSClient

/// A blocking client of the binary protocol: one request at a time, each with a time limit. Heartbeats are answered while a call
/// waits. Must not be used from several threads.
///
///     let client = try BinaryClient.connect(address: "localhost:7100")
///     try client.put(Array("key".utf8), Array("value".utf8))
package final class BinaryClient {
    package let address: String
    /// The timeout of each call.
    package var timeout: Duration
    /// What the server said about itself.
    package private(set) var server = ServerDescription()

    private let socket: StreamSocket
    private var session: ClientSession
    private var input: [UInt8] = []
    private var isClosed = false
    /// Notices that came while a call waited for its answer.
    private var changes: [Change] = []
    private var goodbye: (reason: GoodbyeReason, text: String)?

    /// The content of a server's hello.
    package struct ServerDescription: Equatable, Sendable {
        package var name = ""
        package var version: UInt8 = 0
        /// The largest payload that it accepts.
        package var maximumPayload = 0
        /// 0 when it sends none.
        package var heartbeatMilliseconds = 0
        package var unansweredHeartbeats = 0

        /// How long the server may be silent: it answers silence with heartbeats. nil: it sends none.
        var patience: Duration? {
            heartbeatMilliseconds == 0
                ? nil : .milliseconds(heartbeatMilliseconds * (unansweredHeartbeats + 1))
        }
    }

    /// Connects and exchanges the hello, both within the timeout. Resolving a name may take longer.
    ///
    /// - Parameter tls: nil: the connection is not encrypted.
    package static func connect(
        address: String, tls: TLSClientSettings? = nil, timeout: Duration = .seconds(5)
    ) throws(BinaryClientError) -> BinaryClient {
        let deadline = Deadline(after: timeout)
        let client: BinaryClient
        do throws(BinaryClientError.Reason) {
            guard let parsed = ServerAddress(address) else { throw .notAnAddress }
            client = try BinaryClient(address, parsed, tls, deadline)
        } catch {
            throw BinaryClientError(address: address, call: .connect, reason: error)
        }
        try client.greet(deadline)
        return client
    }

    private init(
        _ text: String, _ address: ServerAddress, _ tls: TLSClientSettings?, _ deadline: Deadline
    ) throws(BinaryClientError.Reason) {
        socket = try StreamSocket(connectingTo: address, tls: tls, deadline: deadline)
        session = ClientSession(name: "martlet")
        self.address = text
        timeout = deadline.timeout
    }

    private func greet(_ deadline: Deadline) throws(BinaryClientError) {
        try call(.hello, deadline) { session throws(RequestRefusal) in
            try session.hello()
        } answer: { _, _ in
        }
    }

    /// Sends a request and waits for its answer.
    ///
    /// - Parameter answer: reads the answer, whose ranges index the span. It gets nil for the answer to a hello.
    func call<Value>(
        _ call: BinaryClientError.Call, _ deadline: Deadline? = nil,
        request: (inout ClientSession) throws(RequestRefusal) -> ClientRequest,
        answer: (Answer?, RawSpan) throws(BinaryClientError.Reason) -> Value
    ) throws(BinaryClientError) -> Value {
        let deadline = deadline ?? Deadline(after: timeout)
        do throws(BinaryClientError.Reason) {
            guard !isClosed else { throw .closed }
            let request = try make(request)
            try socket.send(request.bytes, deadline: deadline)
            return try wait(for: request.requestID, deadline, answer)
        } catch {
            // A late answer could be mistaken for the answer to another request.
            if !error.leavesConnectionOpen { isClosed = true }
            throw BinaryClientError(address: address, call: call, reason: error)
        }
    }

    private func make(
        _ request: (inout ClientSession) throws(RequestRefusal) -> ClientRequest
    ) throws(BinaryClientError.Reason) -> ClientRequest {
        do throws(RequestRefusal) {
            return try request(&session)
        } catch {
            if error == .goodbyeReceived, let goodbye { throw .goodbye(goodbye.reason, text: goodbye.text) }
            throw .notSent(error)
        }
    }

    private func wait<Value>(
        for id: UInt32, _ deadline: Deadline,
        _ answer: (Answer?, RawSpan) throws(BinaryClientError.Reason) -> Value
    ) throws(BinaryClientError.Reason) -> Value {
        while true {
            let step = session.next(in: input.span.bytes, nowMilliseconds: 0)
            defer { input.removeFirst(step.consumed) }
            switch step.event {
            case .needMore:
                guard try socket.receive(into: &input, deadline: deadline) else { throw .closedByServer }
            case .opened(let hello):
                server = describe(hello)
                return try answer(nil, input.span.bytes)
            case .answer(.failed(let report), let answered) where answered == id: throw refused(report)
            case .answer(let found, let answered):
                if answered == id { return try answer(found, input.span.bytes) }
            case .changed(let notice): changes.append(change(notice))
            case .send(let bytes): try socket.send(bytes, deadline: deadline)
            case .goodbye(let notice): goodbye = (notice.reason, text(notice.text))
            case .closed(let report, _): throw refused(report)
            case .violation(let violation): throw .violation(violation)
            case .discarded: throw .closed
            }
        }
    }

    /// Waits for the next change that a watch of this connection is for, however long that takes. Answers heartbeats meanwhile, and fails
    /// if the server is silent for longer than its heartbeats allow.
    package func nextChange() throws(BinaryClientError) -> Change {
        do throws(BinaryClientError.Reason) {
            guard !isClosed else { throw .closed }
            while changes.isEmpty { try receiveNotice() }
            return changes.removeFirst()
        } catch {
            isClosed = true
            throw BinaryClientError(address: address, call: .watch, reason: error)
        }
    }

    private func receiveNotice() throws(BinaryClientError.Reason) {
        let step = session.next(in: input.span.bytes, nowMilliseconds: 0)
        defer { input.removeFirst(step.consumed) }
        switch step.event {
        case .needMore:
            if let goodbye { throw .goodbye(goodbye.reason, text: goodbye.text) }
            let deadline = Deadline(after: server.patience ?? .seconds(1_000_000_000))
            guard try socket.receive(into: &input, deadline: deadline) else { throw .closedByServer }
        case .changed(let notice): changes.append(change(notice))
        case .send(let bytes): try socket.send(bytes, deadline: Deadline(after: timeout))
        case .goodbye(let notice): goodbye = (notice.reason, text(notice.text))
        case .closed(let report, _): throw refused(report)
        case .violation(let violation): throw .violation(violation)
        case .opened, .answer: break
        case .discarded: throw .closed
        }
    }

    private func change(_ notice: ChangeNotice) -> Change {
        Change(watch: notice.watch, kind: notice.kind, key: Array(input[notice.key]), version: notice.version)
    }

    private func refused(_ report: ErrorReport) -> BinaryClientError.Reason {
        .refused(report.code, text: text(report.text), closes: report.closes)
    }

    private func describe(_ hello: HelloAnswer) -> ServerDescription {
        ServerDescription(
            name: text(hello.name), version: hello.version,
            maximumPayload: Int(hello.maximumPayload), heartbeatMilliseconds: Int(hello.heartbeatMilliseconds),
            unansweredHeartbeats: Int(hello.unansweredHeartbeats))
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: input[range], as: UTF8.self) }
}
