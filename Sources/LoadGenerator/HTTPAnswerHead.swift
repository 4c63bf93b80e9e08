/// The head of an HTTP/1 answer, once it is complete (RFC 9112, section 4). Reading one allocates nothing.
struct HTTPAnswerHead: Equatable {
    /// 0 when the status line is malformed.
    var status = 0
    /// Nil when there is none, or it is not a number.
    var contentLength: Int?
    /// The server says that this answer is the connection's last (RFC 9112, section 9.6).
    var closes = false
    /// Includes the blank line that ends the head.
    var length = 0

    /// Returns nil while the blank line is missing.
    init?(_ bytes: RawSpan) {
        var start = 0
        while let end = Self.endOfLine(bytes, from: start) {
            if end == start {
                length = end + 2
                return
            }
            let line = bytes.extracting(start..<end)
            if start == 0 { readStatus(line) } else { readField(line) }
            start = end + 2
        }
        return nil
    }

    /// Where the next CR LF begins.
    private static func endOfLine(_ bytes: RawSpan, from start: Int) -> Int? {
        var index = start
        while index + 1 < bytes.byteCount {
            if bytes[index] == UInt8(ascii: "\r"), bytes[index + 1] == UInt8(ascii: "\n") { return index }
            index += 1
        }
        return nil
    }

    private mutating func readStatus(_ line: RawSpan) {
        let digits = 9..<12
        guard line.byteCount >= digits.upperBound, line.hasPrefix("http/1."), line[8] == UInt8(ascii: " ") else {
            return
        }
        status = line.extracting(digits).decimal ?? 0
    }

    private mutating func readField(_ line: RawSpan) {
        if line.hasPrefix("content-length:") {
            contentLength = line.extracting(line.value(from: 15)).decimal
        } else if line.hasPrefix("connection:") {
            let value = line.extracting(line.value(from: 11))
            closes = value.byteCount == 5 && value.hasPrefix("close")
        }
    }
}

extension RawSpan {
    fileprivate subscript(index: Int) -> UInt8 { unsafeLoad(fromByteOffset: index, as: UInt8.self) }

    /// - Parameter prefix: in lower case; the span may be in any case.
    fileprivate func hasPrefix(_ prefix: StaticString) -> Bool {
        guard byteCount >= prefix.utf8CodeUnitCount else { return false }
        for index in 0..<prefix.utf8CodeUnitCount {
            let byte = self[index]
            let small = (65...90).contains(byte) ? byte | 0x20 : byte
            if small != prefix.utf8Start[index] { return false }
        }
        return true
    }

    /// Where the value of a field is, without the spaces around it.
    fileprivate func value(from start: Int) -> Range<Int> {
        var (start, end) = (start, byteCount)
        while start < end, self[start] == UInt8(ascii: " ") { start += 1 }
        while start < end, self[end - 1] == UInt8(ascii: " ") { end -= 1 }
        return start..<end
    }

    /// Nil when it is anything but 1 to 15 digits.
    fileprivate var decimal: Int? {
        guard (1...15).contains(byteCount) else { return nil }
        var value = 0
        for index in 0..<byteCount {
            guard (48...57).contains(self[index]) else { return nil }
            value = value * 10 + Int(self[index] - 48)
        }
        return value
    }
}
