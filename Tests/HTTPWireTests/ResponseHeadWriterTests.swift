import HTTPWire
import Testing

@Suite struct ResponseHeadWriterTests {
    /// Returns what was written, or the failure. Checks that nothing was written beyond the capacity.
    private func write(
        capacity: Int = 512, _ body: (inout ResponseHeadWriter) -> Void
    ) -> Result<String, ResponseHeadWriter.Failure> {
        var memory = Array(repeating: UInt8(0xAA), count: capacity + 8)
        var outcome = Result<Int, ResponseHeadWriter.Failure>.success(0)
        memory.withUnsafeMutableBytes { bytes in
            var writer = ResponseHeadWriter(UnsafeMutableRawBufferPointer(rebasing: bytes[..<capacity]))
            body(&writer)
            do throws(ResponseHeadWriter.Failure) {
                outcome = .success(try writer.finish())
            } catch {
                outcome = .failure(error)
            }
        }
        #expect(memory[capacity...].allSatisfy { $0 == 0xAA })
        return outcome.map { String(decoding: memory[..<$0], as: UTF8.self) }
    }

    private func everything(_ writer: inout ResponseHeadWriter) {
        writer.status(.partialContent)
        writer.date(HTTPDate(secondsSinceEpoch: 784_111_777).text)
        writer.lastModified(HTTPDate(secondsSinceEpoch: 0).text)
        writer.contentType("text/html; charset=utf-8")
        writer.contentLength(12_345)
        writer.contentRange(ByteRange(first: 0, last: 9)!, of: .max)
        writer.entityTag(Array("\"a\"".utf8).span.bytes)
        writer.field("Vary", "Accept-Encoding")
        writer.field("Age", 0)
        writer.connection(keepsAlive: false, for: .http11)
    }

    private static let text = """
        HTTP/1.1 206 Partial Content\r
        Date: Sun, 06 Nov 1994 08:49:37 GMT\r
        Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT\r
        Content-Type: text/html; charset=utf-8\r
        Content-Length: 12345\r
        Content-Range: bytes 0-9/18446744073709551615\r
        ETag: "a"\r
        Vary: Accept-Encoding\r
        Age: 0\r
        Connection: close\r
        \r

        """

    @Test func writesEveryField() {
        #expect(write(everything) == .success(Self.text))
    }

    @Test func reportsEveryCapacityThatIsTooSmall() {
        let needed = Self.text.utf8.count
        for capacity in 0..<needed { #expect(write(capacity: capacity, everything) == .failure(.doesNotFit)) }
        #expect(write(capacity: needed, everything) == .success(Self.text))
    }

    @Test func toleratesMemoryThatIsNotThere() {
        let writer = ResponseHeadWriter(UnsafeMutableRawBufferPointer(start: nil, count: 0))
        let count = try? writer.finish()
        #expect(count == nil)
    }

    @Test(arguments: ["a\r\nb: c", "a\nb", "a\rb", "a\u{0}", "\u{7F}", "\u{1B}[2J", "12345678\n"])
    func refusesAValueThatWouldEndItsLine(value: String) {
        let bytes = Array(value.utf8)
        #expect(write { $0.field("X", bytes.span.bytes) } == .failure(.invalidField))
        #expect(write { $0.entityTag(bytes.span.bytes) } == .failure(.invalidField))
        // A later call does not hide the failure.
        #expect(
            write {
                $0.field("X", bytes.span.bytes)
                $0.status(.ok)
            } == .failure(.invalidField))
    }

    @Test(arguments: ["", "a b", "a:", "a\r\n", "\u{E9}", "a\u{0}"])
    func refusesANameThatIsNotAToken(name: String) {
        let bytes = Array(name.utf8)
        #expect(write { $0.field(bytes.span.bytes, bytes.span.bytes) } == .failure(.invalidField))
    }

    @Test func passesTabsAndBytesAboveASCII() {
        let bytes = Array("a\tcaf\u{E9}".utf8)
        #expect(write { $0.field("X", bytes.span.bytes) } == .success("X: a\tcaf\u{E9}\r\n\r\n"))
    }

    @Test func writesTheConnectionField() {
        #expect(write { $0.connection(keepsAlive: true, for: .http11) } == .success("\r\n"))
        #expect(write { $0.connection(keepsAlive: true, for: .http10) } == .success("Connection: keep-alive\r\n\r\n"))
        #expect(write { $0.connection(keepsAlive: false, for: .http10) } == .success("Connection: close\r\n\r\n"))
    }

    @Test func writesNumbersOfAllLengths() {
        var number: UInt64 = 0
        for _ in 0...20 {
            #expect(write { $0.contentLength(number) } == .success("Content-Length: \(number)\r\n\r\n"))
            number = number &* 10 &+ 9
        }
        #expect(write { $0.unsatisfiedRange(of: 10) } == .success("Content-Range: bytes */10\r\n\r\n"))
    }
}

@Suite struct StatusCodeTests {
    @Test func hasAReasonForEveryNumber() {
        for number in UInt16(100)...599 { #expect(StatusCode(number)?.reason.utf8CodeUnitCount ?? 0 > 0) }
        #expect(StatusCode(99) == nil && StatusCode(600) == nil && StatusCode(0) == nil)
        #expect(StatusCode(418)?.reason.description == "Client Error")
        #expect(StatusCode.contentTooLarge.reason.description == "Content Too Large")
    }

    @Test func writesAnyStatus() {
        var memory = Array(repeating: UInt8(0), count: 64)
        let count = memory.withUnsafeMutableBytes { bytes in
            var writer = ResponseHeadWriter(bytes)
            writer.status(.continue)
            return try? writer.finish()
        }
        #expect(String(decoding: memory[..<(count ?? 0)], as: UTF8.self) == "HTTP/1.1 100 Continue\r\n\r\n")
    }

    /// All refusals that are not in this list mean a malformed request: 400.
    @Test func answersEachRefusalWithItsStatus() {
        let statuses: [Refusal: UInt16] = [
            .requestLineTooLong: 414, .pathTooLong: 414, .methodNotImplemented: 501, .transferCodingNotImplemented: 501,
            .versionNotSupported: 505, .tooManyFields: 431, .fieldSectionTooLarge: 431, .unknownExpectation: 417,
            .bodyTooLarge: 413,
        ]
        for refusal in Refusal.allCases {
            #expect(refusal.status.number == statuses[refusal, default: 400], "\(refusal)")
            #expect(refusal.message.utf8CodeUnitCount > 0)
        }
    }
}
