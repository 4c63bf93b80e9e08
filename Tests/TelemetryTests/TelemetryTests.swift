import CLinux
import Glibc
import Logging
import Testing

@testable import Telemetry

@Suite struct CounterTests {
    @Test func counts() {
        let counter = Counter()
        counter.add(3)
        counter.add(4)
        #expect(counter.value == 7)
    }
}

@Suite struct LogWriterTests {
    /// The output of a logger, read back through a pipe.
    private func lines(format: LogFormat, _ body: (Logger) -> Void) -> String {
        var ends: [Int32] = [0, 0]
        linux_pipe(&ends)
        let sink = LogSink(format: format, descriptor: ends[1])
        body(Logger(label: "test") { _ in LogWriter(sink, level: SharedLogLevel(.info)) })
        sink.writeWaiting()
        close(ends[1])
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = read(ends[0], &buffer, buffer.count)
        close(ends[0])
        return String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
    }

    @Test func aLineHasTimeLevelMessageAndFieldsInOrder() throws {
        let text = lines(format: .text) { $0.warning("low on memory", metadata: ["b": "2", "a": "one two"]) }
        #expect(
            text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z WARNING low on memory a="one two" b=2\n/) != nil
        )
    }

    @Test func writesNothingBelowItsLevel() {
        #expect(lines(format: .text) { $0.debug("hidden") } == "")
    }

    @Test func aMessageCannotBeginANewLine() {
        let text = lines(format: .text) { $0.error("bad\n2026 ERROR forged\u{1B}[2J", metadata: ["key": "a\nb"]) }
        #expect(text.filter { $0 == "\n" }.count == 1)
        #expect(!text.contains("\u{1B}"))
    }

    @Test func jsonEscapesSpecialCharacters() {
        let text = lines(format: .json) { $0.info("say \"hi\"\\\n\u{1}", metadata: ["k": "\t"]) }
        #expect(text.contains(#""message":"say \"hi\"\\\n\u0001""#))
        #expect(text.contains(#""k":"\t""#))
    }
}
