// These answers begin with one word that is 0 or 1: docs/binary-protocol.md, sections 8.4 to 8.6 and 8.13.

public struct GetAnswer: Equatable, Sendable {
    /// nil: the store has no such key. Indexes the span that was read.
    public let value: Range<Int>?

    static var fixedBytes: Int { 4 }

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        let found = try bytes.outcome(at: payload)
        let rest = payload.lowerBound + Self.fixedBytes..<payload.upperBound
        guard found || rest.isEmpty, rest.count <= WireLimits.valueBytes else { throw .malformedPayload }
        value = found ? rest : nil
    }
}

public struct PutAnswer: Equatable, Sendable {
    /// False: an older value was replaced.
    public let created: Bool

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        created = try bytes.outcome(at: payload)
        guard payload.count == GetAnswer.fixedBytes else { throw .malformedPayload }
    }
}

public struct DeleteAnswer: Equatable, Sendable {
    public let existed: Bool

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        existed = try bytes.outcome(at: payload)
        guard payload.count == GetAnswer.fixedBytes else { throw .malformedPayload }
    }
}

public struct UnwatchAnswer: Equatable, Sendable {
    /// False: this connection has no such watch.
    public let existed: Bool

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        existed = try bytes.outcome(at: payload)
        guard payload.count == GetAnswer.fixedBytes else { throw .malformedPayload }
    }
}

extension RawSpan {
    fileprivate func outcome(at payload: Range<Int>) throws(ErrorCode) -> Bool {
        try requireFields(GetAnswer.fixedBytes, in: payload)
        let word = littleEndian(at: payload.lowerBound, as: UInt32.self)
        guard word <= 1 else { throw .malformedPayload }
        return word == 1
    }
}
