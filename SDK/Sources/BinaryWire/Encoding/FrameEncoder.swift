/// The result of writing a frame into the caller's memory.
public enum Encoded: Equatable, Sendable {
    /// The frame fills this many bytes from the start of the output.
    case written(Int)
    /// The output is too small; nothing was written. Call again with this many bytes.
    case needs(Int)
    /// An argument breaks a limit of the protocol. Nothing was written and no larger output would help.
    case outOfLimits
}

/// Writes whole frames, header and payload with both checks, to the start of memory that the caller supplies. It
/// allocates nothing and never traps.
public enum FrameEncoder {
    /// Writes a payload in the one shape that all payloads have: a few words, then up to two runs of bytes.
    static func encode(
        _ opcode: Opcode, _ flags: FrameFlags, requestID: UInt32, fields: FixedFields = .none,
        _ first: RawSpan = RawSpan(), _ second: RawSpan = RawSpan(), into output: inout MutableRawSpan
    ) -> Encoded {
        let payloadBytes = fields.byteCount + first.byteCount + second.byteCount
        guard payloadBytes <= WireLimits.largestMaximumPayload else { return .outOfLimits }
        let frameBytes = WireLimits.headerBytes + payloadBytes
        guard output.byteCount >= frameBytes else { return .needs(frameBytes) }
        fields.store(in: &output, at: WireLimits.headerBytes)
        let firstStart = WireLimits.headerBytes + fields.byteCount
        output.copy(first, at: firstStart)
        output.copy(second, at: firstStart + first.byteCount)
        FrameHeader(opcode: opcode, flags: flags, requestID: requestID, payloadLength: UInt32(payloadBytes))
            .seal(&output)
        return .written(frameBytes)
    }
}

/// The words at the start of a payload. `pair` packs smaller fields into them.
enum FixedFields {
    case none
    case one(UInt32)
    case two(UInt32, UInt32)
    case four(UInt32, UInt32, UInt32, UInt32)
    case threeLong(UInt64, UInt64, UInt64)

    static func pair(_ low: UInt16, _ high: UInt16) -> UInt32 { UInt32(low) | UInt32(high) << 16 }

    var byteCount: Int {
        switch self {
        case .none: 0
        case .one: 4
        case .two: 8
        case .four: 16
        case .threeLong: 24
        }
    }

    func store(in output: inout MutableRawSpan, at offset: Int) {
        switch self {
        case .none: break
        case .one(let word): output.store(word, at: offset)
        case .two(let first, let second):
            output.store(first, at: offset)
            output.store(second, at: offset + 4)
        case .four(let first, let second, let third, let fourth):
            output.store(first, at: offset)
            output.store(second, at: offset + 4)
            output.store(third, at: offset + 8)
            output.store(fourth, at: offset + 12)
        case .threeLong(let first, let second, let third):
            output.store(first, at: offset)
            output.store(second, at: offset + 8)
            output.store(third, at: offset + 16)
        }
    }
}
