import CLinux
import Glibc
import Logging
import Testing

@testable import Telemetry

/// The log's writer, with a pipe as its target.
@Suite struct LogSinkTests {
    private final class Pipe {
        let reading: Int32
        private(set) var writing: Int32

        init(nonBlocking: Bool = false) {
            var ends: [Int32] = [-1, -1]
            linux_pipe(&ends)
            (reading, writing) = (ends[0], ends[1])
            if nonBlocking { _ = fcntl(writing, F_SETFL, O_NONBLOCK) }
        }

        /// Fills it, so that the next write has to wait.
        func fill() {
            let flags = fcntl(writing, F_GETFL)
            _ = fcntl(writing, F_SETFL, flags | O_NONBLOCK)
            let bytes = [UInt8](repeating: UInt8(ascii: "."), count: 4_096)
            while write(writing, bytes, bytes.count) > 0 {}
            _ = fcntl(writing, F_SETFL, flags)
        }

        func readOnce() -> String {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let count = read(reading, &buffer, buffer.count)
            return String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
        }

        deinit {
            close(reading)
            close(writing)
        }
    }

    /// Runs the writer in another thread while the body runs.
    private func running(_ sink: LogSink, _ body: () throws -> Void) rethrows {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            {
                Unmanaged<LogSink>.fromOpaque($0!).takeUnretainedValue().run()
                return nil
            }, Unmanaged.passUnretained(sink).toOpaque())
        defer {
            sink.stop()
            pthread_join(thread, nil)
        }
        try body()
    }

    private func line(_ text: String) -> [UInt8] { Array("\(text)\n".utf8) }

    @Test(arguments: [false, true])
    func aFullPipeDelaysNoCallerAndIsReportedLater(nonBlocking: Bool) {
        let pipe = Pipe(nonBlocking: nonBlocking)
        pipe.fill()
        let sink = LogSink(format: .text, descriptor: pipe.writing, queue: LogQueue(lineLimit: 10))
        running(sink) {
            for index in 0..<1_000 { sink.append(line("line \(index)")) }
            // Ten wait, and at most ten more are on their way to the pipe.
            #expect((980...990).contains(sink.dropped))
            let dropped = sink.dropped
            let began = ContinuousClock.now
            sink.flush(withinMilliseconds: 200)
            #expect(ContinuousClock.now - began < .seconds(5))
            var text = ""
            // The writer may find room in between, and then reports a part of the lines first.
            var told: UInt64 = 0
            while told < dropped {
                text += pipe.readOnce()
                told = Self.told(in: text)
            }
            #expect(text.contains("line 0\n"))
            #expect(told == dropped)
            #expect(sink.dropped == dropped)
        }
    }

    /// The sum of all notices.
    private static func told(in text: String) -> UInt64 {
        text.split(separator: "\n").reduce(0) { sum, line in
            guard line.hasSuffix(" dropped: the log could not be written fast enough"),
                let number = line.split(separator: " ").drop(while: { $0 != "WARNING" }).dropFirst().first
            else { return sum }
            return sum + (UInt64(number) ?? 0)
        }
    }

    @Test func aClosedPipeAndABadDescriptorLoseOnlyLines() {
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [-1, -1]
        linux_pipe(&ends)
        close(ends[0])
        for descriptor in [ends[1], 1_000_000] {
            let sink = LogSink(format: .text, descriptor: descriptor)
            running(sink) {
                for index in 0..<10 { sink.append(line("line \(index)")) }
                sink.flush(withinMilliseconds: 10_000)
                #expect(sink.dropped == 10)
            }
        }
        close(ends[1])
    }

    @Test func aFullDiskIsReportedWhenThereIsRoomAgain() throws {
        let pipe = Pipe()
        // The descriptor leads to a full disk first, and to the pipe later.
        let target = dup(pipe.writing)
        defer { close(target) }
        let full = open("/dev/full", O_WRONLY)
        dup2(full, target)
        close(full)
        let sink = LogSink(format: .text, descriptor: target)
        sink.append(line("one"))
        sink.append(line("two"))
        sink.writeWaiting()
        #expect(sink.dropped == 2)
        dup2(pipe.writing, target)
        sink.append(line("three"))
        sink.writeWaiting()
        let text = pipe.readOnce()
        #expect(
            text.contains(
                "ERROR 2 log lines were dropped: the log could not be written: No space left on device\nthree\n"))
    }

    @Test func aReportRunsWhenItIsDueAndAtTheLatestAtAFlush() {
        let pipe = Pipe()
        let sink = LogSink(format: .text, descriptor: pipe.writing)
        running(sink) {
            sink.report(afterMilliseconds: 1) { sink.append(Array("soon\n".utf8)) }
            #expect(pipe.readOnce() == "soon\n")
            sink.report(afterMilliseconds: 1_000_000) { sink.append(Array("late\n".utf8)) }
            sink.flush()
            #expect(pipe.readOnce() == "late\n")
        }
    }

    @Test func allCopiesShareTheLevel() {
        let level = SharedLogLevel(.info)
        let sink = LogSink(format: .text, descriptor: -1)
        let logger = Logger(label: "one") { _ in LogWriter(sink, level: level) }
        var other = logger
        other[metadataKey: "a"] = "b"
        level.value = .trace
        #expect(logger.logLevel == .trace)
        #expect(other.logLevel == .trace)
        other.logLevel = .error
        #expect(logger.logLevel == .trace)
        #expect(other.logLevel == .error)
    }
}
