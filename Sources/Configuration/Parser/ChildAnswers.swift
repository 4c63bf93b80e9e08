import Glibc

/// The answers of a child, each with its length before it.
struct ChildAnswers {
    enum Next {
        case answer([UInt8])
        /// There are no more: the child has closed the pipe.
        case ended
        case timedOut
        case tooLong
    }

    private let descriptor: Int32
    private var pending: [UInt8] = []

    init(reading descriptor: Int32) { self.descriptor = descriptor }

    mutating func next(sizeLimit: Int, deadline: ContinuousClock.Instant) -> Next {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            if pending.count >= 4 {
                var reader = ByteReader(Array(pending[..<4]))
                guard let size = try? reader.number(), size <= sizeLimit else { return .tooLong }
                if pending.count - 4 >= size {
                    defer { pending.removeFirst(4 + size) }
                    return .answer(Array(pending[4..<4 + size]))
                }
            }
            guard isReadable(before: deadline) else { return .timedOut }
            let count = unsafe read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return .ended }
            pending += chunk[..<count]
        }
    }

    private func isReadable(before deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let left = deadline - .now
            guard left > .zero else { return false }
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if unsafe poll(&entry, 1, Int32(left / .milliseconds(1)) + 1) > 0 { return true }
        }
    }
}
