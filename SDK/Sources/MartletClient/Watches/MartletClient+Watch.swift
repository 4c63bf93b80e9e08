import BinaryWire

extension MartletClient {
    /// Watches one key. Every change after this function has returned is in the sequence.
    ///
    /// ```swift
    /// for try await change in try await client.watch("configuration") {
    ///     if change != .lost, case .put(_, let version) = change { print("version \(version)") }
    /// }
    /// ```
    ///
    /// The watch moves to another connection when its own ends, so the sequence ends only when the client is closed, when the task is
    /// cancelled, or when a server refuses the watch.
    ///
    /// - Parameters:
    ///   - key: 1 to 512 bytes.
    ///   - buffer: how many changes wait for the reader. When there are more, they are dropped, and ``Change/lost`` is in their place.
    ///   - timeout: for the request, not for the changes.
    public func watch(
        _ key: some ByteSequence, buffer: Int = 1_024, timeout: Duration? = nil
    ) async throws(MartletClientError) -> Changes {
        try await watch(.key, key.martletBytes, buffer, timeout)
    }

    /// Watches all keys that begin with a prefix; empty: all keys. See ``watch(_:buffer:timeout:)``.
    public func watch(
        prefix: some ByteSequence, buffer: Int = 1_024, timeout: Duration? = nil
    ) async throws(MartletClientError) -> Changes {
        try await watch(.prefix, prefix.martletBytes, buffer, timeout)
    }

    private func watch(
        _ kind: WatchKind, _ name: [UInt8], _ limit: Int, _ timeout: Duration?
    ) async throws(MartletClientError) -> Changes {
        let buffer = ChangeBuffer(limit: max(limit, 1))
        guard case .watching(let watch) = try await perform(.watch(kind, name), .ifSafe, timeout, changes: buffer)
        else {
            throw wrongAnswer("watch")
        }
        return Changes(subscription: Subscription(client: self, watch: watch, buffer: buffer))
    }

    /// The changes of what is watched, in the order in which the server has noticed them.
    ///
    /// The watch ends when the sequence and its iterators are gone. Several iterators share the changes.
    public struct Changes: AsyncSequence, Sendable {
        public typealias Element = Change
        public typealias Failure = MartletClientError

        let subscription: Subscription

        public func makeAsyncIterator() -> Iterator { Iterator(subscription: subscription) }

        /// Takes the changes out of the buffer.
        public struct Iterator: AsyncIteratorProtocol {
            let subscription: Subscription

            public mutating func next() async throws(MartletClientError) -> Change? {
                try await subscription.buffer.next()
            }

            public mutating func next(
                isolation actor: isolated (any Actor)?
            ) async throws(MartletClientError) -> Change? {
                try await subscription.buffer.next()
            }
        }
    }

    /// Ends the watch when nobody reads it any more.
    final class Subscription: Sendable {
        private let client: MartletClient
        private let watch: SlotID
        let buffer: ChangeBuffer

        init(client: MartletClient, watch: SlotID, buffer: ChangeBuffer) {
            (self.client, self.watch, self.buffer) = (client, watch, buffer)
        }

        deinit { _ = client.reactor.mailbox.post(.unwatch(watch)) }
    }
}
