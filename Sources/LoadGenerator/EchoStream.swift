/// What one connection of an echo load has sent and still waits for. A value without I/O: it gets what the kernel took and what
/// came back, and decides what to send next and whether the echo is right.
struct EchoStream {
    let pattern: StreamPattern
    private let messageSize: UInt64
    /// The start times of the messages in flight, a ring with as many elements as messages may be in flight.
    private var startTimes: [Nanoseconds]
    private var quota: UInt64

    private(set) var startedMessages: UInt64 = 0
    private(set) var answeredMessages: UInt64 = 0
    private(set) var sentBytes: UInt64 = 0
    /// Bytes that came back unaltered.
    private(set) var receivedBytes: UInt64 = 0

    enum Verdict: Equatable {
        case right
        case wrong(offset: UInt64, expected: UInt8, found: UInt8)
        /// More came back than was sent.
        case surplus(bytes: UInt64)
    }

    init(pattern: StreamPattern, messageSize: Int, depth: Int, quota: UInt64) {
        precondition(messageSize > 0 && depth > 0)
        self.pattern = pattern
        self.messageSize = UInt64(messageSize)
        self.quota = quota
        startTimes = Array(repeating: 0, count: depth)
    }

    /// Bytes of started messages that the kernel has not taken yet.
    var unsentBytes: UInt64 { startedMessages * messageSize - sentBytes }
    /// Bytes that were sent and have not come back.
    var owedBytes: UInt64 { sentBytes - receivedBytes }
    /// True when everything that will be sent has been sent.
    var hasSentAll: Bool { unsentBytes == 0 && startedMessages >= quota }

    /// Starts as many messages as depth and quota allow.
    mutating func startMessages(at now: Nanoseconds) {
        let depth = UInt64(startTimes.count)
        while startedMessages < quota && startedMessages - answeredMessages < depth {
            startTimes[Int(startedMessages % depth)] = now
            startedMessages += 1
        }
    }

    /// Starts no more messages. Those in flight are finished.
    mutating func stop() { quota = min(quota, startedMessages) }

    mutating func sent(_ count: Int) {
        sentBytes += UInt64(count)
        assert(sentBytes <= startedMessages * messageSize)
    }

    /// Checks the first `count` bytes of `buffer`, which came back, and records the latency of each message that is
    /// now complete.
    mutating func receive(
        _ buffer: [UInt8], count: Int, at now: Nanoseconds, into latencies: inout LatencyRecorder
    ) -> Verdict {
        let owed = buffer.span.bytes.extracting(first: Int(min(UInt64(count), owedBytes)))
        let difference = pattern.firstDifference(in: owed, from: receivedBytes)
        receivedBytes += UInt64(difference ?? owed.byteCount)
        while (answeredMessages + 1) * messageSize <= receivedBytes {
            latencies.record(now - startTimes[Int(answeredMessages % UInt64(startTimes.count))])
            answeredMessages += 1
        }
        if let difference {
            let expected = pattern.byte(at: receivedBytes)
            return .wrong(offset: receivedBytes, expected: expected, found: buffer[difference])
        }
        return owed.byteCount == count ? .right : .surplus(bytes: UInt64(count - owed.byteCount))
    }
}

extension EchoStream.Verdict: CustomStringConvertible {
    var description: String {
        switch self {
        case .right: "right"
        case .wrong(let offset, let expected, let found): "byte \(offset): expected \(expected), found \(found)"
        case .surplus(let bytes): "\(bytes) bytes more than were sent"
        }
    }
}
