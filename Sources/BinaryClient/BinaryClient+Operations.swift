import BinaryWire

/// The result of a put.
package enum PutOutcome: Equatable, Sendable {
    case created, replaced
}

extension BinaryClient {
    /// The time from the first byte of the ping to its answer.
    package func ping() throws(BinaryClientError) -> Duration {
        let payload: [UInt8] = Array("martlet".utf8)
        let clock = ContinuousClock()
        let start = clock.now
        try call(.ping) { session throws(RequestRefusal) in
            try session.ping(payload)
        } answer: { answer, bytes throws(BinaryClientError.Reason) in
            guard case .pong(let range) = answer, bytes.array(range) == payload else { throw .wrongPong }
        }
        return start.duration(to: clock.now)
    }

    package func echo(_ bytes: [UInt8]) throws(BinaryClientError) -> [UInt8] {
        try call(.echo) { session throws(RequestRefusal) in
            try session.echo(bytes)
        } answer: { answer, bytes throws(BinaryClientError.Reason) in
            guard case .echo(let range) = answer else { throw .mismatch }
            return bytes.array(range)
        }
    }

    /// Returns nil when there is no such key.
    package func get(_ key: [UInt8]) throws(BinaryClientError) -> [UInt8]? {
        try call(.get) { session throws(RequestRefusal) in
            try session.get(key: key)
        } answer: { answer, bytes throws(BinaryClientError.Reason) -> [UInt8]? in
            guard case .value(let range) = answer else { throw .mismatch }
            guard let range else { return nil }
            return bytes.array(range)
        }
    }

    @discardableResult
    package func put(_ key: [UInt8], _ value: [UInt8]) throws(BinaryClientError) -> PutOutcome {
        try call(.put) { session throws(RequestRefusal) in
            try session.put(key: key, value: value)
        } answer: { answer, _ throws(BinaryClientError.Reason) in
            guard case .put(let created) = answer else { throw .mismatch }
            return created ? .created : .replaced
        }
    }

    /// Returns false when there was no such key.
    package func delete(_ key: [UInt8]) throws(BinaryClientError) -> Bool {
        try call(.delete) { session throws(RequestRefusal) in
            try session.delete(key: key)
        } answer: { answer, _ throws(BinaryClientError.Reason) in
            guard case .delete(let existed) = answer else { throw .mismatch }
            return existed
        }
    }
}

extension BinaryClientError.Reason {
    /// The session has compared the opcodes of request and answer, so this cannot happen.
    static var mismatch: Self { .violation(.unexpected(.error)) }
}
