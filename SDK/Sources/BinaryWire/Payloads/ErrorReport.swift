/// The payload of an error frame: docs/binary-protocol.md, section 7. Ranges index the span that was read.
public struct ErrorReport: Equatable, Sendable {
    public let code: ErrorCode
    /// The sender closes the connection after this frame.
    public let closes: Bool
    /// The opcode of what was refused, 0 when the sender could not tell.
    public let opcode: UInt8
    public let text: Range<Int>

    static var fixedBytes: Int { 4 }

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        try bytes.requireFields(Self.fixedBytes, in: payload)
        let start = payload.lowerBound
        code = ErrorCode(rawValue: bytes.littleEndian(at: start, as: UInt16.self))
        let outcome = bytes.littleEndian(at: start + 2, as: UInt8.self)
        closes = outcome == 1
        opcode = bytes.littleEndian(at: start + 3, as: UInt8.self)
        text = start + Self.fixedBytes..<payload.upperBound
        guard code.rawValue != 0, outcome <= 1, bytes.isText(text) else { throw .malformedPayload }
    }
}
