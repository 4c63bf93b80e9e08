/// Log lines that wait to be written: bounded in lines and in bytes. `LogSink` guards it with a lock.
package struct LogQueue {
    package enum Item: Equatable {
        /// Whole lines, one after the other.
        case lines([UInt8], count: Int)
        /// This many lines are missing here.
        case gap(Int)
    }

    private enum Entry {
        case line([UInt8])
        case gap(Int)
    }

    private let lineLimit: Int
    private let byteLimit: Int
    private var entries: [Entry] = []
    /// The first of `entries` that was not taken yet.
    private var head = 0
    private var bytes = 0
    /// Lines dropped since the last one that was accepted.
    private var dropped = 0
    /// The queue was full, and is not yet down to half. Without this, a slow reader would get a notice of dropped lines after each line.
    private var isRecovering = false

    package init(lineLimit: Int = 8_192, byteLimit: Int = 1 << 20) {
        self.lineLimit = lineLimit
        self.byteLimit = byteLimit
    }

    package var isEmpty: Bool { head == entries.count && dropped == 0 }
    private var count: Int { entries.count - head }

    /// False: there is no room, and the line is dropped and counted.
    package mutating func append(_ line: [UInt8]) -> Bool {
        if isRecovering, count <= lineLimit / 2, bytes <= byteLimit / 2 { isRecovering = false }
        guard !isRecovering, count < lineLimit, bytes + line.count <= byteLimit else {
            // A line that would not fit into an empty queue does not show that this one is full.
            if line.count <= byteLimit { isRecovering = true }
            dropped += 1
            return false
        }
        if dropped > 0 { entries.append(.gap(dropped)) }
        dropped = 0
        entries.append(.line(line))
        bytes += line.count
        return true
    }

    /// Removes the oldest lines, as many as fit into `size` bytes but at least one; nil when nothing waits.
    package mutating func take(upTo size: Int) -> Item? {
        guard head < entries.count else {
            guard dropped > 0 else { return nil }
            defer { dropped = 0 }
            return .gap(dropped)
        }
        defer { forgetTaken() }
        if case .gap(let number) = entries[head] {
            head += 1
            return .gap(number)
        }
        var (chunk, lines) = ([UInt8](), 0)
        while head < entries.count, case .line(let line) = entries[head] {
            guard lines == 0 || chunk.count + line.count <= size else { break }
            chunk += line
            lines += 1
            head += 1
        }
        bytes -= chunk.count
        return .lines(chunk, count: lines)
    }

    private mutating func forgetTaken() {
        if head == entries.count {
            entries.removeAll(keepingCapacity: true)
        } else if head >= 1_024 {
            entries.removeFirst(head)
        } else {
            return
        }
        head = 0
    }
}
