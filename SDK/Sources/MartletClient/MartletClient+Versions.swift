import BinaryWire

extension MartletClient {
    /// What must be true of a key, or a write changes nothing: `always`, `absent`, `present` or `version(_:)`.
    public typealias Condition = WriteCondition

    /// A value with what the server knows about it.
    public struct Record: Equatable, Sendable {
        /// At most 1 MiB.
        public let value: [UInt8]
        /// Grows with each write of the key, and is never used again, not even after a delete.
        public let version: UInt64
        /// How long the key will exist; nil: it does not expire.
        public let timeToLive: Duration?

        /// A record that a server could have sent.
        public init(value: [UInt8], version: UInt64, timeToLive: Duration?) {
            (self.value, self.version, self.timeToLive) = (value, version, timeToLive)
        }
    }

    /// What a conditional write has done.
    public enum WriteOutcome: Equatable, Sendable {
        /// - Parameters:
        ///   - version: the new one; 0 after a delete.
        ///   - existed: the key existed before.
        case done(version: UInt64, existed: Bool)
        /// Nothing has changed. The version is that of the key; 0: there is no such key.
        case conditionNotMet(version: UInt64)
    }

    /// The value of a key with its version; nil: there is no such key.
    public func read(
        _ key: some ByteSequence, timeout: Duration? = nil
    ) async throws(MartletClientError) -> Record? {
        guard case .record(let record) = try await perform(.read(key: key.martletBytes), .ifSafe, timeout) else {
            throw wrongAnswer("read")
        }
        return record
    }

    /// Sets the value of a key if a condition is met.
    ///
    /// If the answer is lost, the error is ``MartletClientError/Reason/unknownOutcome(_:)``: read the key to see what has happened.
    ///
    /// - Parameters:
    ///   - key: 1 to 512 bytes.
    ///   - value: at most 1 MiB.
    ///   - condition: what must be true of the key.
    ///   - timeToLive: the key vanishes after this time; nil: it stays. At most ten years.
    ///   - retry: with `always`, if the first attempt was executed, the second can find its condition not met because of the first.
    ///   - timeout: nil: that of the configuration.
    @discardableResult
    public func put(
        _ key: some ByteSequence, _ value: some ByteSequence, if condition: Condition, timeToLive: Duration? = nil,
        retry: Retry = .ifSafe, timeout: Duration? = nil
    ) async throws(MartletClientError) -> WriteOutcome {
        try await write(
            .put(
                key.martletBytes, value.martletBytes, if: condition,
                timeToLiveMilliseconds: Self.milliseconds(timeToLive)), retry,
            timeout)
    }

    /// Sets the value of a key that vanishes after a time, at most ten years.
    @discardableResult
    public func put(
        _ key: some ByteSequence, _ value: some ByteSequence, timeToLive: Duration, retry: Retry = .ifSafe,
        timeout: Duration? = nil
    ) async throws(MartletClientError) -> WriteOutcome {
        try await put(key, value, if: .always, timeToLive: timeToLive, retry: retry, timeout: timeout)
    }

    /// Removes a key if a condition is met.
    @discardableResult
    public func delete(
        _ key: some ByteSequence, if condition: Condition, retry: Retry = .ifSafe, timeout: Duration? = nil
    ) async throws(MartletClientError) -> WriteOutcome {
        try await write(.delete(key.martletBytes, if: condition), retry, timeout)
    }

    private func write(
        _ write: Write, _ retry: Retry, _ timeout: Duration?
    ) async throws(MartletClientError) -> WriteOutcome {
        guard case .written(let outcome) = try await perform(.write(write), retry, timeout) else {
            throw wrongAnswer("write")
        }
        return outcome
    }

    /// A time to live that is shorter than a millisecond is one: 0 means that the key stays.
    static func milliseconds(_ timeToLive: Duration?) -> UInt64 { timeToLive.map { max($0.wholeMilliseconds, 1) } ?? 0 }
}
