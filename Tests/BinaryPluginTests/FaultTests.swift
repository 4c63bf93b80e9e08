import MartletKitTesting
import Testing

@testable import BinaryPlugin
@testable import BinaryWire

/// The outcomes of docs/binary-protocol.md, section 7.
@Suite struct FaultTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        let code: ErrorCode
        let bytes: [UInt8]
        let closes: Bool
        /// The request id in the error: that of the request, if the frame is a request and its header can be trusted.
        let requestID: UInt32
        var testDescription: String { code.description }

        init(_ code: ErrorCode, _ frame: RawFrame, closes: Bool = false) {
            self.init(
                code, bytes: frame.bytes, closes: closes, requestID: frame.flags & 1 == 0 ? frame.requestID : 0)
        }

        init(_ code: ErrorCode, bytes: [UInt8], closes: Bool, requestID: UInt32 = 0) {
            self.code = code
            self.bytes = bytes
            self.closes = closes
            self.requestID = requestID
        }
    }

    static let faults: [Fault] = [
        Fault(.badMagic, bytes: utf8("GET / HTTP/1.1\r\n"), closes: true),
        Fault(.corruptHeader, bytes: damaged(RawFrame(requestID: 77), at: 9), closes: true),
        Fault(
            .corruptFrame, bytes: damaged(RawFrame(requestID: 77, payload: [1, 2]), at: 25), closes: false,
            requestID: 77),
        Fault(.unsupportedVersion, RawFrame(version: 2, requestID: 77), closes: true),
        Fault(.payloadTooLarge, RawFrame(requestID: 77, claimedLength: 1_052_673), closes: true),
        Fault(.unknownOpcode, RawFrame(opcode: 0x7F, requestID: 77)),
        Fault(.unknownOpcode, RawFrame(opcode: 0x7F, requestID: 0), closes: true),
        Fault(.invalidFlags, RawFrame(flags: 2, requestID: 77)),
        Fault(.invalidFlags, RawFrame(opcode: 0x10, flags: 1, requestID: 77), closes: true),
        Fault(.malformedPayload, RawFrame(opcode: 0x21, requestID: 77, payload: [9])),
        Fault(.malformedPayload, RawFrame(opcode: 0x02, requestID: 77, payload: [UInt8](repeating: 0, count: 65))),
        Fault(.malformedPayload, RawFrame(opcode: 0x23, requestID: 77, payload: [0, 0, 0, 0, 0, 0, 0, 0])),
        Fault(.wrongState, RawFrame(opcode: 0x03, requestID: 77), closes: true),
        Fault(.wrongState, RawFrame(opcode: 0x01, requestID: 77, payload: []), closes: true),
        Fault(
            .wrongState, RawFrame(opcode: 0x02, flags: 1, requestID: 0, payload: littleEndian(UInt64(1))),
            closes: true),
        Fault(.invalidRequestID, RawFrame(opcode: 0x10, requestID: 0), closes: true),
        Fault(.invalidKey, RawFrame(opcode: 0x20, requestID: 77)),
        Fault(.invalidKey, RawFrame(opcode: 0x22, requestID: 77, payload: [UInt8](repeating: 1, count: 513))),
        Fault(
            .valueTooLarge,
            RawFrame(opcode: 0x21, requestID: 77, payload: [1, 0, 0, 0, 65] + [UInt8](repeating: 0, count: 17))),
        Fault(.storeFull, RawFrame(opcode: 0x21, requestID: 77, payload: [1, 0, 0, 0, 65, 1, 2, 3])),
    ]

    private static func damaged(_ frame: RawFrame, at index: Int) -> [UInt8] {
        var bytes = frame.bytes
        bytes[index] ^= 0x40
        return bytes
    }

    @Test(arguments: faults)
    func hasTheSpecifiedOutcome(_ fault: Fault) throws {
        let host = try SimulatedHost(Binary.self, options: ["max_value": 16, "max_store_bytes": 40])
        let connection = host.connect()
        connection.send(hello)
        _ = connection.takeOutput()
        connection.send(fault.bytes)

        let output = connection.takeOutput()
        let (frame, report) = try errorFrame(output)
        #expect(report.code == fault.code)
        #expect(report.closes == fault.closes)
        #expect(frame.header.requestID == fault.requestID)
        #expect(connection.isOpen != fault.closes)
        // The next request is served, or ignored if the connection is closed.
        connection.send(RawFrame(opcode: 0x10, requestID: 78).bytes)
        #expect(connection.takeOutput().isEmpty == fault.closes)
        #expect(host.shutDown() == [])
    }

    @Test(arguments: faults)
    func answersTheSameForAnySplit(_ fault: Fault) throws {
        var outputs: [[UInt8]] = []
        for split in OpcodeTests.splits {
            let host = try SimulatedHost(Binary.self, options: ["max_value": 16, "max_store_bytes": 40])
            let connection = host.connect()
            connection.send(hello + fault.bytes, split: split)
            outputs.append(connection.takeOutput())
            #expect(host.shutDown() == [])
        }
        for output in outputs { #expect(output == outputs[0]) }
    }

    @Test(arguments: [UInt8(0x02), 0x03, 0x10, 0x20, 0x7F])
    func refusesEverythingBeforeTheHello(_ opcode: UInt8) throws {
        let host = try SimulatedHost(Binary.self)
        let connection = host.connect()
        connection.send(RawFrame(opcode: opcode, requestID: 5).bytes)
        let (_, report) = try errorFrame(connection.takeOutput())
        #expect(report.closes)
        #expect(connection.end == .closed(.plugin))
        #expect(host.shutDown() == [])
    }

    @Test func refusesAHelloWithoutACommonVersion() throws {
        let host = try SimulatedHost(Binary.self)
        let connection = host.connect()
        connection.send(RawFrame(opcode: 0x01, requestID: 1, payload: [2, 3, 0, 0, 0, 16, 0, 0]).bytes)
        let (_, report) = try errorFrame(connection.takeOutput())
        #expect(report.code == .unsupportedVersion)
        #expect(connection.end == .closed(.plugin))
    }

    @Test func refusesAStreamThatEndsWithinAFrame() throws {
        let host = try SimulatedHost(Binary.self)
        let connection = host.connect()
        connection.send(hello + RawFrame(opcode: 0x10, requestID: 2, payload: [1, 2, 3]).bytes.dropLast())
        _ = connection.takeOutput()
        connection.finishSending()
        let (_, report) = try errorFrame(connection.takeOutput())
        #expect(report.code == .truncatedFrame)
        #expect(connection.end == .closed(.peer))
        #expect(host.shutDown() == [])
    }

    @Test func closesNormallyWhenTheStreamEndsBetweenFrames() throws {
        let host = try SimulatedHost(Binary.self)
        let client = Client(host)
        client.connection.send(client.bytes { try $0.echo([1]) })
        client.connection.finishSending()
        #expect(client.replies() == [.echo([1])])
        #expect(client.connection.end == .closed(.peer))
        #expect(host.shutDown() == [])
    }

    private var hello: [UInt8] {
        RawFrame(opcode: 0x01, requestID: 1, payload: [1, 1, 0, 0, 0, 16, 16, 0]).bytes
    }

    /// Decodes output that must be exactly one error frame.
    private func errorFrame(_ output: [UInt8]) throws -> (Frame, ErrorReport) {
        guard case .frame(let frame) = FrameDecoder.decode(output.span.bytes, maximumPayload: 4_096) else {
            throw NotAnError(output: output)
        }
        guard frame.opcode == .error, frame.payload.upperBound == output.count else { throw NotAnError(output: output) }
        return (frame, try ErrorReport(output.span.bytes, at: frame.payload))
    }

    struct NotAnError: Error { let output: [UInt8] }
}
