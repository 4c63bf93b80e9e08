/// Why bytes of the peer were not taken, and what has to follow.
package struct Refusal: Equatable, Sendable, BitwiseCopyable {
    package let code: ErrorCode
    /// True: send the error frame, then close. False: send it and go on behind the skipped bytes.
    package let closes: Bool
    /// The id that the error frame carries; 0 when the frame was not a request or its header cannot be trusted.
    package let requestID: UInt32
    /// The opcode of the refused frame, 0 when unknown.
    package let opcode: UInt8
    /// To be consumed. When the connection closes, all that is there: nothing behind the frame will be looked at.
    package let bytesToSkip: Int

    package init(_ code: ErrorCode, closes: Bool, requestID: UInt32, opcode: UInt8, bytesToSkip: Int) {
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

    /// The stream lost its step: no field of the header is worth repeating.
    init(untrusted code: ErrorCode, available: Int) {
        self.init(code, closes: true, requestID: 0, opcode: 0, bytesToSkip: available)
    }
}
