/// The four forms of a request target (RFC 9112 3.2).
extension HeadDraft {
    @inline(__always)
    mutating func collectTarget(_ input: RawSpan) {
        let target = head.target
        // No form has a fragment (RFC 9112 3.2). We do not guess what a proxy before us would cut off there.
        let fragment = input.first(ASCII.numberSign, from: target.lower, to: target.upper)
        if fragment != target.upper { note(.invalidTarget) }
        if input.byte(at: target.lower) == ASCII.slash {
            splitQuery(from: target.lower, input)
        } else {
            collectUnusualTarget(target, input)
        }
    }

    @inline(__always)
    private mutating func splitQuery(from start: Int, _ input: RawSpan) {
        let end = head.target.upper
        let mark = input.first(ASCII.questionMark, from: start, to: end)
        head.path = BufferRange(start, mark)
        if mark < end { head.query = BufferRange(mark &+ 1, end) }
    }

    /// Asterisk-form is only for OPTIONS. Authority-form is only for CONNECT, which is not implemented and is refused.
    private mutating func collectUnusualTarget(_ target: BufferRange, _ input: RawSpan) {
        if head.method == .connect { return note(.methodNotImplemented) }
        if input.equals("*", in: target) {
            head.path = target
            if head.method != .options { note(.invalidTarget) }
            return
        }
        guard let authorityStart = Self.skipScheme(target, input) else { return note(.invalidTarget) }
        collectAbsoluteTarget(from: authorityStart, target, input)
    }

    /// Schemes are case-insensitive (RFC 3986 3.1). We are the origin only of http and https resources.
    private static func skipScheme(_ target: BufferRange, _ input: RawSpan) -> Int? {
        let mark = input.first(ASCII.colon, from: target.lower, to: target.upper)
        let scheme = BufferRange(target.lower, mark)
        guard input.matches("http", ignoringCaseIn: scheme) || input.matches("https", ignoringCaseIn: scheme),
            target.upper >= mark &+ 3,
            input.equals("://", in: BufferRange(mark, mark &+ 3))
        else { return nil }
        return mark &+ 3
    }

    /// RFC 9112 3.2.2. User information before the host is refused (RFC 9110 4.2.4), because a host may not contain its `@`.
    private mutating func collectAbsoluteTarget(from start: Int, _ target: BufferRange, _ input: RawSpan) {
        let slash = input.first(ASCII.slash, from: start, to: target.upper)
        let mark = input.first(ASCII.questionMark, from: start, to: slash)
        let authority = BufferRange(start, mark)
        guard Authority.isValid(authority, in: input) else { return note(.invalidTarget) }
        head.host = authority
        targetHasAuthority = true
        splitQuery(from: mark, input)
    }
}
