/// Message body length (RFC 9112 section 6). When two parsers disagree here, one request can hide inside another. So anything
/// that could be read in two ways is refused, even when the RFC would let us guess.
extension HeadDraft {
    /// 1*DIGIT and nothing else. RFC 9110 8.6 lets a recipient accept `5, 5` or equal repeated fields as one; we refuse them.
    mutating func collectContentLength(_ value: BufferRange, _ input: RawSpan) {
        guard let length = DecimalNumber.parse(value, in: input) else { return note(.invalidContentLength) }
        contentLength = length
    }

    /// RFC 9112 6.1 and section 7. Only `chunked` is implemented. Other codings are 501. `chunked` anywhere except once at the
    /// end, parameters on it, or an empty list element are 400.
    mutating func collectTransferEncoding(_ value: BufferRange, _ input: RawSpan) {
        isChunked = input.matches("chunked", ignoringCaseIn: value)
        if isChunked { return }
        note(Self.isListOfOtherCodings(value, input) ? .transferCodingNotImplemented : .invalidTransferEncoding)
    }

    /// Whether the value is a list of transfer codings of which at most the last is `chunked`.
    private static func isListOfOtherCodings(_ value: BufferRange, _ input: RawSpan) -> Bool {
        var start = value.lower
        while start <= value.upper {
            let comma = input.first(ASCII.comma, from: start, to: value.upper)
            let coding = input.trimmed(start, comma)
            let nameEnd = input.firstOutsideToken(from: coding.lower, to: coding.upper)
            let name = BufferRange(coding.lower, nameEnd)
            if name.isEmpty { return false }
            // A transfer-parameter (RFC 9112 section 7) follows a semicolon, and blanks may precede the semicolon.
            let rest = input.trimmed(nameEnd, coding.upper)
            if !rest.isEmpty, input.byte(at: rest.lower) != ASCII.semicolon { return false }
            if input.matches("chunked", ignoringCaseIn: name), comma < value.upper || !rest.isEmpty { return false }
            start = comma &+ 1
        }
        return true
    }

    @inline(__always)
    mutating func finishFraming(_ limits: RequestLimits) {
        if seenFields.contains(.transferEncoding) {
            // RFC 9112 6.1: both fields together may be an attempt at smuggling; in HTTP/1.0 Transfer-Encoding has no defined
            // meaning.
            if head.version == .http10 { note(.transferEncodingBeforeHTTP11) }
            if seenFields.contains(.contentLength) { note(.transferEncodingWithContentLength) }
            head.framing = .chunked
        } else if let contentLength {
            if contentLength > limits.contentBytes { note(.bodyTooLarge) }
            head.framing = .length(contentLength)
        }
        // RFC 9110 10.1.1: ignored in an HTTP/1.0 request, and pointless without a body.
        if head.version == .http10 || head.framing == .none || head.framing == .length(0) {
            head.expectsContinue = false
        }
    }
}
