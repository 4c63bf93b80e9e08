import TestInput
import Testing

@testable import BinaryWire

/// A client session and a server session with a small store. The stream to the server is split at random.
@Suite struct ConversationTests {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func storesAndScans(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var client = ClientSession(name: "test")
        var server = StoreServer()
        var toServer = try client.hello().bytes
        for index in 0..<10 {
            toServer += try client.put(key: utf8("key/\(index)"), value: utf8("value \(index)")).bytes
        }
        toServer += try client.delete(key: utf8("key/3")).bytes
        toServer += try client.get(key: utf8("key/3")).bytes
        toServer += try client.get(key: utf8("key/4")).bytes
        toServer += try client.echo([1, 2, 3]).bytes
        let scan = try client.scan(prefix: utf8("key/"), startAfter: utf8("key/1"), limit: 3)
        toServer += scan.bytes

        var unread: [UInt8] = []
        var fromServer: [UInt8] = []
        while !toServer.isEmpty {
            let count = Int.random(in: 1...toServer.count, using: &generator)
            unread += toServer.prefix(count)
            toServer.removeFirst(count)
            unread.removeFirst(server.receive(unread, answers: &fromServer))
        }
        #expect(unread.isEmpty)

        var answers: [Answer] = []
        var keys: [String] = []
        var start = 0
        while start < fromServer.count {
            let step = client.next(fromServer, from: start)
            start += step.consumed
            guard step.consumed > 0, case .answer(let answer, _) = step.event else {
                if case .opened = step.event { continue }
                Issue.record("seed \(seed): \(step)")
                return
            }
            answers.append(answer)
            guard case .scan(let found) = answer else { continue }
            #expect(found.count == 3 && found.more)
            var entries = found.entries
            while let entry = entries.next(in: fromServer.span.bytes) {
                keys.append(fromServer.span.bytes.text(entry.key))
            }
        }
        #expect(keys == ["key/2", "key/4", "key/5"])
        #expect(answers.prefix(10).allSatisfy { $0 == .put(created: true) })
        #expect(answers[10] == .delete(existed: true) && answers[11] == .value(nil))
        #expect(client.inFlight == 0 && client.ended(unconsumedBytes: 0) == nil)
    }
}

private struct StoreServer {
    var session = ServerSession(settings: Samples.settings, nowMilliseconds: 0)
    var store: [String: [UInt8]] = [:]

    /// Returns the number of consumed bytes.
    mutating func receive(_ bytes: [UInt8], answers: inout [UInt8]) -> Int {
        var start = 0
        while true {
            let step = session.next(bytes, from: start)
            switch step.event {
            case .needMore: return start
            case .hello(_, let id):
                answers += encoded {
                    FrameEncoder.helloAnswer(
                        settings: session.settings, name: utf8("store").span.bytes, requestID: id, into: &$0)
                }
            case .request(let request, let id): answers += answer(request, id: id, bytes: bytes)
            default: Issue.record("\(step)")
            }
            start += step.consumed
        }
    }

    private mutating func answer(_ request: ServerRequest, id: UInt32, bytes: [UInt8]) -> [UInt8] {
        func text(_ range: Range<Int>) -> String { bytes.span.bytes.text(range) }
        switch request {
        case .ping(let payload):
            return encoded { FrameEncoder.pong(bytes.span.bytes.extracting(payload), requestID: id, into: &$0) }
        case .echo(let payload):
            return encoded { FrameEncoder.echoAnswer(bytes.span.bytes.extracting(payload), requestID: id, into: &$0) }
        case .get(let key):
            guard let value = store[text(key)] else {
                return encoded { FrameEncoder.getAnswerNotFound(requestID: id, into: &$0) }
            }
            return encoded { FrameEncoder.getAnswer(value: value.span.bytes, requestID: id, into: &$0) }
        case .put(let put):
            let old = store.updateValue(Array(bytes[put.value]), forKey: text(put.key))
            return encoded { FrameEncoder.putAnswer(created: old == nil, requestID: id, into: &$0) }
        case .delete(let key):
            let old = store.removeValue(forKey: text(key))
            return encoded { FrameEncoder.deleteAnswer(existed: old != nil, requestID: id, into: &$0) }
        case .scan(let scan): return answer(scan, prefix: text(scan.prefix), after: text(scan.startAfter), id: id)
        case .authenticate, .read, .write, .batch, .watch, .unwatch:
            Issue.record("unexpected \(request)")
            return []
        }
    }

    private func answer(_ scan: ScanRequest, prefix: String, after: String, id: UInt32) -> [UInt8] {
        let found = store.filter { $0.key.hasPrefix(prefix) && $0.key > after }.sorted { $0.key < $1.key }
        return encoded { output in
            var writer = ScanAnswerWriter(limit: scan.limit, maximumPayload: session.clientMaximumPayload)
            for (key, value) in found {
                let key = utf8(key)
                if !writer.append(key: key.span.bytes, value: value.span.bytes, into: &output) {
                    return writer.finish(more: true, requestID: id, into: &output)
                }
            }
            return writer.finish(more: false, requestID: id, into: &output)
        }
    }
}
