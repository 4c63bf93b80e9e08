import BinaryWire

extension MartletClient {
    /// Writes that are executed together: all of them, or none.
    public struct Batch: Sendable {
        fileprivate(set) var writes: [Write] = []

        /// Sets the value of a key, which vanishes after the time to live; nil: it stays.
        public mutating func put(
            _ key: some ByteSequence, _ value: some ByteSequence, if condition: Condition = .always,
            timeToLive: Duration? = nil
        ) {
            writes.append(
                .put(
                    key.martletBytes, value.martletBytes, if: condition,
                    timeToLiveMilliseconds: MartletClient.milliseconds(timeToLive)))
        }

        /// Removes a key.
        public mutating func delete(_ key: some ByteSequence, if condition: Condition = .always) {
            writes.append(.delete(key.martletBytes, if: condition))
        }
    }

    /// What a batch has done.
    public enum BatchOutcome: Equatable, Sendable {
        /// The new versions, in the order of the writes; 0 for a delete.
        case done(versions: [UInt64])
        /// Nothing has changed: the condition of the write at `index` was not met. The version is that of its key after the writes before
        /// it; 0: there is no such key.
        case conditionNotMet(index: Int, version: UInt64)
    }

    /// Executes 1 to 1,000 writes together: all of them, or none. No other request sees a part of them.
    ///
    /// ```swift
    /// let outcome = try await client.batch { batch in
    ///     batch.put("stock/7", "4", if: .version(version))
    ///     batch.put("orders/81", "1 piece of 7", if: .absent)
    /// }
    /// ```
    ///
    /// Keys may repeat: the writes are executed in order, and a condition sees what the writes before it have done.
    @discardableResult
    public func batch(
        retry: Retry = .ifSafe, timeout: Duration? = nil, _ fill: (inout Batch) throws(MartletClientError) -> Void
    ) async throws(MartletClientError) -> BatchOutcome {
        var batch = Batch()
        try fill(&batch)
        guard case .batch(let outcome) = try await perform(.batch(batch.writes), retry, timeout) else {
            throw wrongAnswer("batch")
        }
        return outcome
    }
}
