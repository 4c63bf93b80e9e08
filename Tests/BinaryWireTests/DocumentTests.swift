import Testing

@testable import BinaryWire

/// The document and the code agree.
@Suite struct DocumentTests {
    let document: ProtocolDocument

    init() throws { document = try ProtocolDocument() }

    @Test func encodesEachExampleByteForByte() {
        #expect(document.frames.map(\.name) == Samples.all.map(\.name))
        for (example, sample) in zip(document.frames, Samples.all) {
            #expect(example.bytes == sample.bytes, "example \(example.name)")
        }
    }

    @Test func decodesEachExample() {
        for (name, bytes) in document.frames {
            guard case .frame(let frame) = decode(bytes) else {
                Issue.record("example \(name) is not a frame")
                continue
            }
            #expect(frame.payload == 24..<bytes.count)
        }
    }

    @Test func acceptsTheExamplesOfTheClientAsOneStream() {
        let fromClient = [
            "hello", "put", "get", "scan", "delete", "echo", "ping", "heartbeat-answer", "write", "read", "watch",
            "batch", "unwatch",
        ]
        let stream = document.frames.filter { fromClient.contains($0.name) }.flatMap(\.bytes)
        var session = ServerSession(settings: Samples.settings, nowMilliseconds: 0)
        session.heartbeat.counter = 1
        var start = 0
        var requests: [ServerRequest] = []
        while start < stream.count {
            let step = session.next(stream, from: start)
            if case .request(let request, _) = step.event { requests.append(request) }
            guard step.consumed > 0, !session.isClosing else {
                Issue.record("\(step) at \(start)")
                return
            }
            start += step.consumed
        }
        #expect(requests.count == fromClient.count - 2)
    }

    @Test func hasTheLimitsOfTheCode() {
        let rows = document.table("limit", "value").map { "\($0[0]) \($0[1])" }
        #expect(
            rows == [
                "header-bytes \(WireLimits.headerBytes)",
                "smallest-maximum-payload \(WireLimits.smallestMaximumPayload)",
                "largest-maximum-payload \(WireLimits.largestMaximumPayload)",
                "default-maximum-payload \(WireLimits.defaultMaximumPayload)",
                "hello-payload \(WireLimits.helloPayload)", "name-bytes \(WireLimits.nameBytes)",
                "ping-payload \(WireLimits.pingPayload)", "key-bytes \(WireLimits.keyBytes)",
                "value-bytes \(WireLimits.valueBytes)", "scan-entries \(WireLimits.scanEntries)",
                "batch-writes \(WireLimits.batchWrites)",
                "watches-per-connection \(WireLimits.watchesPerConnection)",
                "longest-time-to-live-milliseconds \(WireLimits.longestTimeToLiveMilliseconds)",
                "authentication-bytes \(WireLimits.authenticationBytes)",
                "user-name-bytes \(WireLimits.userNameBytes)",
                "text-bytes \(WireLimits.textBytes)",
                "shortest-heartbeat-milliseconds \(WireLimits.shortestHeartbeatMilliseconds)",
            ])
    }

    @Test func hasTheOpcodesOfTheCode() {
        let rows = document.table("opcode", "name").map { "\($0[0]) \($0[1])" }
        let expected = Opcode.allCases.map { opcode in
            let digits = String(opcode.rawValue, radix: 16, uppercase: true)
            return "0x\(digits.count == 1 ? "0" : "")\(digits) \(opcode)"
        }
        #expect(rows == expected)
    }

    @Test func hasTheErrorCodesAndOutcomesOfTheCode() {
        let rows = document.table("code", "name", "outcome").map { "\($0[0]) \($0[1]) \($0[2])" }
        let expected = ErrorCode.known.map { code in
            "\(code.rawValue) \(code) \(code.leavesStreamInStep ? "open for a request" : "closes")"
        }
        #expect(rows == expected)
    }
}
