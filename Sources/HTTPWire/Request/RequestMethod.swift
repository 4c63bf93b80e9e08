/// The methods of RFC 9110 section 9 and PATCH (RFC 5789).
package enum RequestMethod: UInt8, Sendable {
    case get, head, post, put, delete, connect, options, trace, patch
    /// Any other token; its text is `RequestHead.methodName`.
    case other

    /// Longer tokens are answered with 501 before their end is seen (RFC 9112 section 3). The longest registered method
    /// has 17 bytes.
    static var maximumLength: Int { 32 }

    /// The method of a request that the parser has refused, because the answer depends on it: HEAD gets no content. Also `other`
    /// when the request does not begin with a token and a space.
    package init(ofRefused input: RawSpan) {
        var start = 0
        for _ in 0..<RequestLimits.leadingEmptyLines where start &+ 2 <= input.byteCount {
            guard input.byte(at: start) == ASCII.carriageReturn, input.byte(at: start &+ 1) == ASCII.lineFeed else {
                break
            }
            start &+= 2
        }
        let end = input.firstOutsideToken(from: start, to: min(input.byteCount, start &+ Self.maximumLength))
        let endsWithSpace = end < input.byteCount && input.byte(at: end) == ASCII.space
        self = endsWithSpace ? RequestMethod(BufferRange(start, end), in: input) : .other
    }

    /// Methods are case-sensitive (RFC 9110 9.1).
    @inline(__always)
    init(_ name: BufferRange, in input: RawSpan) {
        self = .other
        switch name.count {
        case 3:
            if input.equals("GET", in: name) { self = .get } else if input.equals("PUT", in: name) { self = .put }
        case 4:
            if input.equals("HEAD", in: name) { self = .head } else if input.equals("POST", in: name) { self = .post }
        case 5:
            if input.equals("PATCH", in: name) {
                self = .patch
            } else if input.equals("TRACE", in: name) {
                self = .trace
            }
        case 6:
            if input.equals("DELETE", in: name) { self = .delete }
        case 7:
            if input.equals("OPTIONS", in: name) {
                self = .options
            } else if input.equals("CONNECT", in: name) {
                self = .connect
            }
        default:
            break
        }
    }
}
