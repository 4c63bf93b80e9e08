import Glibc
import Logging
import Synchronization
import Threads

/// The thread that writes. It decides what to do next with the lock, and does it without the lock.
extension LogSink {
    /// Writes until `stop`. Occupies a thread.
    package func run() {
        while let step = next() { step() }
    }

    /// Writes the queued lines in the calling thread. For a log that has no thread.
    func writeWaiting() {
        while let item = monitor.locked({ queue.take(upTo: LogTarget.pieceSize) }) { write(item) }
    }

    /// Waits for the next thing that the writer must do; nil: it must stop.
    private func next() -> (() -> Void)? {
        monitor.locked {
            isWriting = false
            while true {
                if isStopping { return nil }
                let time = readMonotonicClock()
                if isReopenAsked {
                    isWriting = true
                    return { self.exchangeTarget() }
                }
                if let index = reports.firstIndex(where: { $0.due <= time }) {
                    isWriting = true
                    return reports.remove(at: index).body
                }
                if let item = queue.take(upTo: LogTarget.pieceSize) {
                    isWriting = true
                    return { self.write(item) }
                }
                // Wakes `flush`.
                monitor.broadcast()
                if let due = reports.map(\.due).min() { monitor.wait(until: due) } else { monitor.wait() }
            }
        }
    }

    private func write(_ item: LogQueue.Item) {
        switch item {
        case .lines(let bytes, let count): write(bytes, count)
        case .gap(let count):
            let message = "\(lines(count)) dropped: the log could not be written fast enough"
            write(format.line(.warning, message), 0)
        }
    }

    /// - Parameter count: the lines in `bytes` that are counted if they are lost.
    private func write(_ bytes: [UInt8], _ count: Int) {
        if refused > 0 {
            let reason = String(cString: strerror(refusal))
            let notice = "\(lines(refused)) dropped: the log could not be written: \(reason)"
            guard put(format.line(.error, notice)).isEmpty else { return lose(count) }
            refused = 0
        }
        let rest = put(bytes)
        if !rest.isEmpty { lose(min(rest.reduce(0) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }, count)) }
    }

    private func lose(_ count: Int) {
        refused += count
        noteDropped(count)
    }

    /// Writes whole lines; returns what the target did not take.
    private func put(_ lines: [UInt8]) -> [UInt8] {
        // Ends a line that was written only in part.
        var rest = isInsideALine ? [UInt8(ascii: "\n")] + lines : lines
        while true {
            let result = target.write(rest) { !isInterrupted }
            rest.removeFirst(result.written)
            if result.written > 0 { isInsideALine = !rest.isEmpty }
            if rest.isEmpty { return [] }
            if result.errno != 0 || !monitor.locked({ isReopenAsked }) {
                refusal = result.errno == 0 ? EAGAIN : result.errno
                return rest
            }
            // The old file takes nothing: write the rest to the new one.
            exchangeTarget()
        }
    }

    private var isInterrupted: Bool { monitor.locked { isStopping || isReopenAsked } }

    private func exchangeTarget() {
        let next = monitor.locked {
            defer { (isReopenAsked, nextTarget) = (false, nil) }
            return nextTarget
        }
        if let next {
            target.close()
            target = next
            isInsideALine = false
        }
        guard let path = target.path else { return }
        do throws(LogFileProblem) {
            let new = try LogTarget(path: path)
            target.close()
            target = new
            isInsideALine = false
            append(format.line(.notice, "log file reopened", ["file": "\(path)"]))
        } catch {
            append(format.line(.error, "the log continues in the old file: \(error)"))
        }
    }

    private func lines(_ count: Int) -> String { count == 1 ? "1 log line was" : "\(count) log lines were" }
}
