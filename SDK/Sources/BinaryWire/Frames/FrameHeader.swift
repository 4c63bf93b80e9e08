/// The 24 bytes before every payload: docs/binary-protocol.md, section 4. The layout is frozen for all versions.
public struct FrameHeader: Equatable, Sendable, BitwiseCopyable {
    public var version: UInt8
    /// Raw, because the answer to a frame with an unknown opcode still names that opcode.
    public var opcode: UInt8
    public var flags: UInt16
    public var requestID: UInt32
    public var payloadLength: UInt32

    public init(
        opcode: Opcode, flags: FrameFlags, requestID: UInt32, payloadLength: UInt32,
        version: UInt8 = ProtocolVersion.current
    ) {
        self.version = version
        self.opcode = opcode.rawValue
        self.flags = flags.rawValue
        self.requestID = requestID
        self.payloadLength = payloadLength
    }

    /// Both checks begin with the first 16 bytes.
    static var headerCheckOffset: Int { 16 }
    static var frameCheckOffset: Int { 20 }

    /// `BD 4D 42 0A`: no text and no TLS record begins like this, and a newline conversion destroys it.
    static var magic: UInt32 { 0x0A42_4DBD }

    /// A request can be answered by its id, so refusing it need not close the connection.
    public var isRequest: Bool { flags & FrameFlags.response.rawValue == 0 && requestID != 0 }

    /// The first 16 bytes as two words: each takes one load or store, and the checksum reads them from registers.
    @inline(__always)
    init(first: UInt64, second: UInt64) {
        version = UInt8(truncatingIfNeeded: first &>> 32)
        opcode = UInt8(truncatingIfNeeded: first &>> 40)
        flags = UInt16(truncatingIfNeeded: first &>> 48)
        requestID = UInt32(truncatingIfNeeded: second)
        payloadLength = UInt32(truncatingIfNeeded: second &>> 32)
    }

    @inline(__always)
    var words: (first: UInt64, second: UInt64) {
        let first = UInt64(Self.magic) | UInt64(version) << 32 | UInt64(opcode) << 40 | UInt64(flags) << 48
        return (first, UInt64(requestID) | UInt64(payloadLength) << 32)
    }

    /// Writes the header of a frame whose payload is already in `output`.
    public func seal(_ output: inout MutableRawSpan) {
        let (first, second) = words
        output.store(first, at: 0)
        output.store(second, at: 8)
        var check = CRC32C()
        check.fold(word: first)
        check.fold(word: second)
        output.store(check.checksum, at: Self.headerCheckOffset)
        let payloadEnd = WireLimits.headerBytes + Int(payloadLength)
        check.fold(output.bytes.extracting(WireLimits.headerBytes..<payloadEnd))
        output.store(check.checksum, at: Self.frameCheckOffset)
    }
}
