extension ErrorCode: CustomStringConvertible {
    /// The name in the table of codes, or the number of a code that a later server added.
    public var description: String {
        Self.names.first { $0.code == self }?.name ?? "error-\(rawValue)"
    }

    public static var known: [ErrorCode] { names.map(\.code) }

    private static var names: [(code: ErrorCode, name: String)] {
        [
            (.badMagic, "bad-magic"), (.corruptHeader, "corrupt-header"), (.corruptFrame, "corrupt-frame"),
            (.unsupportedVersion, "unsupported-version"), (.payloadTooLarge, "payload-too-large"),
            (.unknownOpcode, "unknown-opcode"), (.invalidFlags, "invalid-flags"),
            (.malformedPayload, "malformed-payload"), (.wrongState, "wrong-state"),
            (.truncatedFrame, "truncated-frame"), (.invalidRequestID, "invalid-request-id"),
            (.heartbeatTimeout, "heartbeat-timeout"),
            (.invalidKey, "invalid-key"), (.valueTooLarge, "value-too-large"), (.answerTooLarge, "answer-too-large"),
            (.storeFull, "store-full"), (.draining, "draining"), (.busy, "busy"), (.notPermitted, "not-permitted"),
            (.internalError, "internal-error"), (.outcomeUnknown, "outcome-unknown"),
            (.authenticationRequired, "authentication-required"), (.authenticationFailed, "authentication-failed"),
            (.authenticationLimited, "authentication-limited"),
        ]
    }
}
