import BinaryWire

/// A client of the binary protocol that knows versions and batches. Used by one thread at a time.
final class BinaryStoreClient {
    struct Entry: Equatable {
        let value: [UInt8]
        let version: UInt64
    }

    private let peer: Peer
    private var session = ClientSession(name: "test")
    private var input: [UInt8] = []

    init(_ address: ServerAddress) throws {
        peer = try Peer(address)
        try peer.send(session.hello().bytes)
        try wait { event, _ in if case .opened = event { () } else { nil } }
    }

    func read(_ key: [UInt8]) throws -> Entry? {
        try call(session.read(key: key)) { answer, bytes in
            guard case .read(let read) = answer else { return nil }
            return .some(read.value.map { Entry(value: bytes.array($0), version: read.version) })
        }
    }

    func write(_ write: Write) throws -> WriteAnswer {
        try call(session.write(write)) { answer, _ in if case .write(let answer) = answer { answer } else { nil } }
    }

    /// The versions of the keys after it; nil: a condition was not met.
    func batch(_ writes: [Write]) throws -> [UInt64]? {
        try call(session.batch(writes)) { answer, bytes in
            guard case .batch(let batch) = answer else { return nil }
            guard case .done(let versions) = batch else { return .some(nil) }
            return (0..<versions.count).map { versions.version($0, in: bytes) }
        }
    }

    func scan(_ prefix: [UInt8]) throws -> [(key: [UInt8], value: [UInt8])] {
        try call(session.scan(prefix: prefix, limit: 1_000)) { answer, bytes in
            guard case .scan(let scan) = answer else { return nil }
            var entries: [(key: [UInt8], value: [UInt8])] = []
            var cursor = scan.entries
            while let entry = cursor.next(in: bytes) {
                entries.append((bytes.array(entry.key), bytes.array(entry.value)))
            }
            return entries
        }
    }

    // MARK: Frames

    /// - Parameter read: nil: that is not the answer.
    private func call<Value>(_ request: ClientRequest, _ read: (Answer, RawSpan) -> Value?) throws -> Value {
        try peer.send(request.bytes)
        return try wait { event, bytes in
            guard case .answer(let answer, request.requestID) = event else { return nil }
            if case .failed(let report) = answer { throw StoreError("\(report.code.rawValue)") }
            return read(answer, bytes)
        }
    }

    @discardableResult
    private func wait<Value>(_ read: (ClientEvent, RawSpan) throws -> Value?) throws -> Value {
        while true {
            let step = session.next(in: input.span.bytes, nowMilliseconds: 0)
            defer { input.removeFirst(step.consumed) }
            switch step.event {
            case .needMore:
                let some = try peer.receiveSome()
                guard !some.isEmpty else { throw Failure("the stream ended") }
                input += some
            case .send(let bytes): try peer.send(bytes)
            case .goodbye, .changed: continue
            case let event:
                guard let value = try read(event, input.span.bytes) else { throw Failure("unexpected: \(event)") }
                return value
            }
        }
    }
}

extension RawSpan {
    fileprivate func array(_ range: Range<Int>) -> [UInt8] { extracting(range).withUnsafeBytes { Array($0) } }
}

extension BinaryStoreClient: StoreClient {
    func get(_ key: [UInt8]) throws -> [UInt8]? {
        try call(session.get(key: key)) { answer, bytes in
            guard case .value(let range) = answer else { return nil }
            return .some(range.map { bytes.array($0) })
        }
    }

    func set(_ key: [UInt8], _ value: [UInt8], milliseconds: Int) throws {
        if milliseconds > 0 {
            _ = try write(.put(key, value, timeToLiveMilliseconds: UInt64(milliseconds)))
        } else {
            try call(session.put(key: key, value: value)) { answer, _ in if case .put = answer { () } else { nil } }
        }
    }

    func remove(_ key: [UInt8]) throws -> Bool {
        try call(session.delete(key: key)) { answer, _ in
            if case .delete(let existed) = answer { existed } else { nil }
        }
    }

    func set(_ pair: Pair, _ value: [UInt8]) throws { _ = try batch(pair.keys.map { .put($0, value) }) }

    func get(_ pair: Pair) throws -> [[UInt8]?] {
        let entries = try scan(pair.prefix)
        return pair.keys.map { key in entries.first { $0.key == key }?.value }
    }

    func replace(_ key: [UInt8], _ change: ([UInt8]?) -> [UInt8]) throws -> Bool {
        let old = try read(key)
        return try write(.put(key, change(old?.value), if: old.map { .version($0.version) } ?? .absent)).isDone
    }
}
