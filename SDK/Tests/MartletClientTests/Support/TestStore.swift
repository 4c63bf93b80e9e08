import BinaryWire
import SCRAM
import Synchronization

/// A store that the connections of a scripted server share. It answers every request.
final class TestStore: Sendable {
    fileprivate struct Content {
        var values: [[UInt8]: (value: [UInt8], version: UInt64)] = [:]
        var version: UInt64 = 0
        var watches: UInt32 = 0
    }

    private let content = Mutex(Content())
    /// Entries in one answer of a scan.
    let pageEntries: Int
    /// False: it lets everybody in, and cannot prove that it is the right one.
    let knowsThePassword: Bool
    /// One at a time.
    fileprivate let exchange = Mutex<SCRAMServer?>(nil)

    init(pageEntries: Int = 10_000, knowsThePassword: Bool = true) {
        (self.pageEntries, self.knowsThePassword) = (pageEntries, knowsThePassword)
    }

    func serve(_ peer: Peer) {
        while let incoming = peer.next() { peer.write(answer(incoming)) }
    }

    func value(_ key: String) -> [UInt8]? { content.withLock { $0.values[utf8(key)]?.value } }

    func answer(_ incoming: Peer.Incoming) -> [UInt8] {
        let id = incoming.id
        func bytes(_ range: Range<Int>) -> [UInt8] { incoming.array(range) }
        return content.withLock { content in
            switch incoming.request {
            case .ping(let range):
                return encoded { FrameEncoder.pong(bytes(range).span.bytes, requestID: id, into: &$0) }
            case .authenticate(let request):
                return authenticate(request.mechanism, bytes(request.message), id)
            case .echo(let range):
                return encoded { FrameEncoder.echoAnswer(bytes(range).span.bytes, requestID: id, into: &$0) }
            case .get(let key):
                guard let (value, _) = content.values[bytes(key)] else {
                    return encoded { FrameEncoder.getAnswerNotFound(requestID: id, into: &$0) }
                }
                return encoded { FrameEncoder.getAnswer(value: value.span.bytes, requestID: id, into: &$0) }
            case .put(let put):
                let old = content.put(bytes(put.key), bytes(put.value)).old
                return encoded { FrameEncoder.putAnswer(created: old == nil, requestID: id, into: &$0) }
            case .delete(let key):
                let old = content.values.removeValue(forKey: bytes(key))
                return encoded { FrameEncoder.deleteAnswer(existed: old != nil, requestID: id, into: &$0) }
            case .scan(let scan): return page(scan, incoming, content)
            case .read(let key):
                guard let (value, version) = content.values[bytes(key)] else {
                    return encoded { FrameEncoder.readAnswerNotFound(requestID: id, into: &$0) }
                }
                return encoded {
                    FrameEncoder.readAnswer(
                        value: value.span.bytes, version: version, timeToLiveMilliseconds: 0, requestID: id, into: &$0)
                }
            case .write(let write):
                let answer = content.write(write, incoming)
                return encoded { FrameEncoder.writeAnswer(answer, requestID: id, into: &$0) }
            case .batch(let batch): return content.batch(batch, incoming)
            case .watch:
                content.watches += 1
                let watch = content.watches
                return encoded { FrameEncoder.watchAnswer(watch, requestID: id, into: &$0) }
            case .unwatch: return encoded { FrameEncoder.unwatchAnswer(existed: true, requestID: id, into: &$0) }
            }
        }
    }

    private func page(_ scan: ScanRequest, _ incoming: Peer.Incoming, _ content: borrowing Content) -> [UInt8] {
        let (prefix, cursor) = (incoming.array(scan.prefix), incoming.array(scan.startAfter))
        let found = content.values.filter { $0.key.starts(with: prefix) && cursor.lexicographicallyPrecedes($0.key) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
        let count = min(found.count, scan.limit, pageEntries)
        return encoded { output in
            var writer = ScanAnswerWriter(limit: count, maximumPayload: 1_000_000)
            for entry in found.prefix(count) {
                let isWritten = writer.append(
                    key: entry.key.span.bytes, value: entry.value.value.span.bytes, into: &output)
                if !isWritten { return .needs(output.byteCount * 2) }
            }
            return writer.finish(more: count < found.count, requestID: incoming.id, into: &output)
        }
    }
}

extension TestStore.Content {
    fileprivate mutating func put(_ key: [UInt8], _ value: [UInt8]) -> (old: UInt64?, new: UInt64) {
        version += 1
        return (values.updateValue((value, version), forKey: key)?.version, version)
    }

    fileprivate mutating func write(_ write: WriteRequest, _ incoming: Peer.Incoming) -> WriteAnswer {
        let key = incoming.array(write.key)
        let old = values[key]?.version
        let isMet =
            switch write.condition {
            case .always: true
            case .absent: old == nil
            case .present: old != nil
            case .version(let version): old == version
            }
        guard isMet else { return WriteAnswer(isDone: false, existed: old != nil, version: old ?? 0) }
        if write.operation == .delete {
            values[key] = nil
            return WriteAnswer(isDone: true, existed: old != nil, version: 0)
        }
        return WriteAnswer(isDone: true, existed: old != nil, version: put(key, incoming.array(write.value)).new)
    }

    fileprivate mutating func batch(_ batch: BatchRequest, _ incoming: Peer.Incoming) -> [UInt8] {
        let before = values
        var versions: [UInt64] = []
        var cursor = batch.writes
        while let write = cursor.next(in: incoming.bytes.span.bytes) {
            let answer = self.write(write, incoming)
            guard answer.isDone else {
                values = before
                return encoded {
                    FrameEncoder.batchAnswerNotMet(
                        index: versions.count, version: answer.version, requestID: incoming.id, into: &$0)
                }
            }
            versions.append(answer.version)
        }
        return encoded { FrameEncoder.batchAnswer(versions: versions.span, requestID: incoming.id, into: &$0) }
    }
}

extension TestStore {
    /// The user whom every test of logins takes.
    static let (user, password, token) = ("ann", "secret", "martlet_token")
    private static let verifier = SCRAMVerifier(password: utf8(password), salt: utf8("salt"), iterations: 4_096)

    fileprivate func authenticate(
        _ mechanism: AuthenticationMechanism, _ message: [UInt8], _ id: UInt32
    ) -> [UInt8] {
        func fail(_ code: ErrorCode) -> [UInt8] {
            encoded { FrameEncoder.failure(code, of: .authenticate, requestID: id, into: &$0) }
        }
        func accept(_ message: [UInt8]) -> [UInt8] {
            encoded {
                FrameEncoder.authenticated(
                    utf8(Self.user).span.bytes, isReadOnly: false, message.span.bytes, requestID: id, into: &$0)
            }
        }
        switch mechanism {
        case .token: return message == utf8(Self.token) ? accept([]) : fail(.authenticationFailed)
        case .plain: return fail(.malformedPayload)
        case .scram: break
        }
        return exchange.withLock { exchange in
            if var server = try? SCRAMServer(clientFirst: message) {
                let challenge = server.challenge(Self.verifier, nonce: SCRAM.newNonce())
                exchange = server
                return encoded { FrameEncoder.authenticationGoesOn(challenge.span.bytes, requestID: id, into: &$0) }
            }
            guard let server = exchange, let proof = try? server.finish(clientFinal: message) else {
                return fail(.authenticationFailed)
            }
            // A server that does not know the password can only guess.
            return accept(knowsThePassword ? proof : utf8("v=AAAA"))
        }
    }
}
