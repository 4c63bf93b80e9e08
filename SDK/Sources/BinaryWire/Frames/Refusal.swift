/// Why bytes of the peer are refused, and what the caller must do.
public struct Refusal: Equatable, Sendable, BitwiseCopyable {
    public let code: ErrorCode
    /// True: send the error frame, then close. False: send it and continue after the skipped bytes.
    public let closes: Bool
    /// The id that the error frame carries; 0 when the frame was not a request or its header cannot be trusted.
    public let requestID: UInt32
    /// The opcode of the refused frame, 0 when unknown.
    public let opcode: UInt8
    /// The bytes to consume. When the connection closes, all available bytes: nothing after the frame is read.
    public let bytesToSkip: Int

    public init(_ code: ErrorCode, closes: Bool, requestID: UInt32, opcode: UInt8, bytesToSkip: Int) {
        self.code = code
        self.closes = closes
        self.requestID = requestID
        self.opcode = opcode
        self.bytesToSkip = bytesToSkip
    }

    /// Closes unless the stream is in step and the sender can be told which of its requests failed.
    init(_ code: ErrorCode, of header: FrameHeader, frameBytes: Int, available: Int) {
        let closes = !(code.leavesStreamInStep && header.isRequest)
        self.init(
            code, closes: closes, requestID: header.isRequest ? header.requestID : 0, opcode: header.opcode,
            bytesToSkip: closes ? available : frameBytes)
    }

    /// The stream is out of step, so the answer repeats no field of the header.
    init(untrusted code: ErrorCode, available: Int) {
        self.init(code, closes: true, requestID: 0, opcode: 0, bytesToSkip: available)
    }
}
