import Glibc
import Threads

/// The output of the child, read until it reports its verdict, exits, or takes too long.
struct ProbeOutput {
    private static let sizeLimit = 16 << 20
    /// The child's next step, by its last message.
    private(set) var phrase = ProbeStep.starting.phrase
    private(set) var verdict: ProbeMessage?
    private(set) var timedOut = false

    init(reading descriptor: Int32, timeoutMilliseconds: Int) {
        var time = WaitingTime(until: .after(milliseconds: UInt64(timeoutMilliseconds)))
        var pending: [UInt8] = []
        var total = 0
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while verdict == nil, total < Self.sizeLimit {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard let next = time.next() else {
                timedOut = true
                return
            }
            let ready = poll(&entry, 1, next.pollMilliseconds)
            if ready <= 0 { continue }
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return }
            total += count
            pending += buffer[..<count]
            takeLines(&pending)
        }
    }

    private mutating func takeLines(_ pending: inout [UInt8]) {
        var start = 0
        while verdict == nil, let end = pending[start...].firstIndex(of: UInt8(ascii: "\n")) {
            switch ProbeMessage(line: String(decoding: pending[start..<end], as: UTF8.self)) {
            case .step(let next): phrase = next
            case nil: break
            case let message?: verdict = message
            }
            start = end + 1
        }
        pending.removeFirst(start)
    }
}
