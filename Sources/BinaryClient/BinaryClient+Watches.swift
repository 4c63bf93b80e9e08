import BinaryWire

/// A change of a key that a watch is for.
package struct Change: Equatable, Sendable {
    package let watch: UInt32
    package let kind: ChangeKind
    /// Empty if changes were lost.
    package let key: [UInt8]
    /// Of a put; otherwise 0.
    package let version: UInt64
}

extension BinaryClient {
    /// Asks for the changes of a key, or of all keys with a prefix: `nextChange`. Returns the number of the watch.
    package func watch(_ kind: WatchKind, _ name: [UInt8]) throws(BinaryClientError) -> UInt32 {
        try call(.watch) { session throws(RequestRefusal) in
            try session.watch(kind, name)
        } answer: { answer, _ throws(BinaryClientError.Reason) in
            guard case .watch(let number) = answer else { throw .mismatch }
            return number
        }
    }

    /// Returns false when this connection has no such watch.
    @discardableResult
    package func unwatch(_ number: UInt32) throws(BinaryClientError) -> Bool {
        try call(.unwatch) { session throws(RequestRefusal) in
            try session.unwatch(number)
        } answer: { answer, _ throws(BinaryClientError.Reason) in
            guard case .unwatch(let existed) = answer else { throw .mismatch }
            return existed
        }
    }
}
