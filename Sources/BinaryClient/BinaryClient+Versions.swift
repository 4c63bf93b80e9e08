import BinaryWire

/// A value with its version.
package struct VersionedValue: Equatable, Sendable {
    package let value: [UInt8]
    package let version: UInt64
    /// nil: the key does not expire.
    package let timeToLive: Duration?
}

/// What came of several writes.
package enum BatchResult: Equatable, Sendable {
    /// The version after each write; 0 after a delete.
    case done([UInt64])
    /// Nothing has changed. The version is the one that the key of this write has; 0: there is no such key.
    case notMet(index: Int, version: UInt64)
}

extension BinaryClient {
    /// Returns nil when there is no such key.
    package func read(_ key: [UInt8]) throws(BinaryClientError) -> VersionedValue? {
        try call(.read) { session throws(RequestRefusal) in
            try session.read(key: key)
        } answer: { answer, bytes throws(BinaryClientError.Reason) -> VersionedValue? in
            guard case .read(let read) = answer else { throw .mismatch }
            guard let value = read.value else { return nil }
            let milliseconds = read.timeToLiveMilliseconds
            return VersionedValue(
                value: bytes.array(value), version: read.version,
                timeToLive: milliseconds == 0 ? nil : .milliseconds(Int64(clamping: milliseconds)))
        }
    }

    /// One conditional put or delete.
    package func write(_ write: Write) throws(BinaryClientError) -> WriteAnswer {
        try call(.write) { session throws(RequestRefusal) in
            try session.write(write)
        } answer: { answer, _ throws(BinaryClientError.Reason) in
            guard case .write(let answer) = answer else { throw .mismatch }
            return answer
        }
    }

    /// All writes, or none.
    package func batch(_ writes: [Write]) throws(BinaryClientError) -> BatchResult {
        try call(.batch) { session throws(RequestRefusal) in
            try session.batch(writes)
        } answer: { answer, bytes throws(BinaryClientError.Reason) in
            guard case .batch(let answer) = answer else { throw .mismatch }
            switch answer {
            case .notMet(let index, let version):
                guard index < writes.count else { throw .violation(.malformedPayload(.batch)) }
                return .notMet(index: index, version: version)
            case .done(let versions):
                guard versions.count == writes.count else { throw .violation(.malformedPayload(.batch)) }
                return .done((0..<versions.count).map { versions.version($0, in: bytes) })
            }
        }
    }
}
