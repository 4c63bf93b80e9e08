/// One frame that is valid as a frame: both checks are right, and version, flags and opcode are known. The payload has not been
/// checked yet.
public struct Frame: Equatable, Sendable {
    public let header: FrameHeader
    public let opcode: Opcode
    /// Indexes the span that was decoded.
    public let payload: Range<Int>
}

public enum Decoding: Equatable, Sendable {
    /// Call again when at least this many bytes, counted from the same `start`, have arrived.
    case needMore(total: Int)
    case frame(Frame)
    case refused(Refusal)
}

/// The framing of docs/binary-protocol.md, section 6: a pure function that is called again with more bytes appended.
public enum FrameDecoder {
    /// - Parameter maximumPayload: the limit that this side sent in its hello; before that, the limit of a hello.
    public static func decode(
        _ bytes: RawSpan, from start: Int = 0, maximumPayload: Int, version: UInt8 = ProtocolVersion.current
    ) -> Decoding {
        let available = bytes.byteCount - start
        guard start >= 0, available >= WireLimits.headerBytes else {
            return decodeWithoutHeader(bytes, from: start)
        }
        let first = bytes.littleEndian(at: start, as: UInt64.self)
        let second = bytes.littleEndian(at: start + 8, as: UInt64.self)
        guard UInt32(truncatingIfNeeded: first) == FrameHeader.magic else {
            return .refused(Refusal(untrusted: .badMagic, available: available))
        }
        var check = CRC32C()
        check.fold(word: first)
        check.fold(word: second)
        guard check.checksum == bytes.littleEndian(at: start + FrameHeader.headerCheckOffset, as: UInt32.self) else {
            return .refused(Refusal(untrusted: .corruptHeader, available: available))
        }
        let header = FrameHeader(first: first, second: second)
        // A UInt32 plus 24 fits an Int. The length is compared with the limit before anyone waits for that many bytes.
        let frameBytes = WireLimits.headerBytes + Int(header.payloadLength)
        func refused(_ code: ErrorCode) -> Decoding {
            .refused(Refusal(code, of: header, frameBytes: frameBytes, available: available))
        }
        guard header.version == version else { return refused(.unsupportedVersion) }
        guard Int(header.payloadLength) <= maximumPayload else { return refused(.payloadTooLarge) }
        guard available >= frameBytes else { return .needMore(total: frameBytes) }

        let payload = start + WireLimits.headerBytes..<start + frameBytes
        check.fold(bytes.extracting(payload))
        guard check.checksum == bytes.littleEndian(at: start + FrameHeader.frameCheckOffset, as: UInt32.self) else {
            return refused(.corruptFrame)
        }
        guard FrameFlags(rawValue: header.flags).isSubset(of: .known) else { return refused(.invalidFlags) }
        guard let opcode = Opcode(rawValue: header.opcode) else { return refused(.unknownOpcode) }
        return .frame(Frame(header: header, opcode: opcode, payload: payload))
    }

    /// Refuses a peer that speaks another protocol at its first wrong byte, without waiting for 24 bytes.
    private static func decodeWithoutHeader(_ bytes: RawSpan, from start: Int) -> Decoding {
        guard start >= 0, start < bytes.byteCount else { return .needMore(total: WireLimits.headerBytes) }
        for index in 0..<min(4, bytes.byteCount - start) {
            let expected = UInt8(truncatingIfNeeded: FrameHeader.magic &>> (8 * UInt32(index)))
            if bytes.littleEndian(at: start + index, as: UInt8.self) != expected {
                return .refused(Refusal(untrusted: .badMagic, available: bytes.byteCount - start))
            }
        }
        return .needMore(total: WireLimits.headerBytes)
    }
}
