@testable import BinaryWire

/// A minimal server of the protocol, with one store per connection. The version of a key is the number of writes before.
struct StoreServer {
    /// Entries in one scan answer.
    var pageEntries = 10_000
    /// Bytes that are written before each answer except the answer to the hello: heartbeats, a goodbye.
    var beforeEachAnswer: [UInt8] = []
    /// Refuses every request except the hello with this code.
    var refusal: ErrorCode?

    func serve(_ peer: Peer) {
        var session = ServerSession(settings: ServerSettings()!, nowMilliseconds: 0)
        var store: [[UInt8]: [UInt8]] = [:]
        var versions = Versions()
        var input: [UInt8] = []
        while true {
            let step = session.next(in: input.span.bytes, nowMilliseconds: 0)
            switch step.event {
            case .needMore:
                let bytes = peer.read()
                guard !bytes.isEmpty else { return }
                input += bytes
            case .hello(_, let id): peer.write(helloAnswer(id))
            case .request(let request, let id):
                peer.write(beforeEachAnswer)
                if refusal == nil, let answer = versions.answer(request, id, input) {
                    peer.write(answer)
                } else {
                    peer.write(answer(request, id, input, &store))
                }
            case .refused(let refusal):
                peer.write(encoded { FrameEncoder.error(refusal, into: &$0) })
                if refusal.closes { return }
            case .heartbeatAnswered, .discarded: break
            }
            input.removeFirst(step.consumed)
        }
    }

    private func helloAnswer(_ id: UInt32) -> [UInt8] {
        encoded {
            FrameEncoder.helloAnswer(
                settings: ServerSettings()!, name: utf8("test").span.bytes, requestID: id, into: &$0)
        }
    }

    private func answer(
        _ request: ServerRequest, _ id: UInt32, _ input: [UInt8], _ store: inout [[UInt8]: [UInt8]]
    ) -> [UInt8] {
        if let refusal {
            return encoded {
                FrameEncoder.failure(refusal, of: .get, requestID: id, text: utf8("because").span.bytes, into: &$0)
            }
        }
        switch request {
        case .ping(let range):
            return encoded { FrameEncoder.pong(Array(input[range]).span.bytes, requestID: id, into: &$0) }
        case .echo(let range):
            return encoded { FrameEncoder.echoAnswer(Array(input[range]).span.bytes, requestID: id, into: &$0) }
        case .get(let key):
            guard let value = store[Array(input[key])] else {
                return encoded { FrameEncoder.getAnswerNotFound(requestID: id, into: &$0) }
            }
            return encoded { FrameEncoder.getAnswer(value: value.span.bytes, requestID: id, into: &$0) }
        case .put(let put):
            let old = store.updateValue(Array(input[put.value]), forKey: Array(input[put.key]))
            return encoded { FrameEncoder.putAnswer(created: old == nil, requestID: id, into: &$0) }
        case .delete(let key):
            let old = store.removeValue(forKey: Array(input[key]))
            return encoded { FrameEncoder.deleteAnswer(existed: old != nil, requestID: id, into: &$0) }
        case .scan(let scan): return self.scan(scan, id, input, store)
        case .read, .write, .batch, .watch, .unwatch: return []
        }
    }

    private func scan(_ scan: ScanRequest, _ id: UInt32, _ input: [UInt8], _ store: [[UInt8]: [UInt8]]) -> [UInt8] {
        let cursor = Array(input[scan.startAfter])
        let found = store.keys.filter {
            $0.starts(with: input[scan.prefix]) && cursor.lexicographicallyPrecedes($0)
        }.sorted { $0.lexicographicallyPrecedes($1) }
        return encoded { output in
            var writer = ScanAnswerWriter(limit: min(scan.limit, pageEntries), maximumPayload: 1_000_000)
            for key in found {
                let value = store[key] ?? []
                guard writer.append(key: key.span.bytes, value: value.span.bytes, into: &output) else { break }
            }
            if writer.count < min(found.count, scan.limit, pageEntries) { return .needs(output.byteCount * 2) }
            return writer.finish(more: writer.count < found.count, requestID: id, into: &output)
        }
    }
}

func encoded(_ encode: (inout MutableRawSpan) -> Encoded) -> [UInt8] { FrameEncoder.array(encode) ?? [] }

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }
