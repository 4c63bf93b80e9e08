extension HeadDraft {
    @inline(__always)
    mutating func collect(_ name: BufferRange, _ value: BufferRange, _ input: RawSpan) {
        guard let field = KnownField(name, in: input) else { return }
        let isFirst = seenFields.insert(field)
        switch field {
        case .host: isFirst ? collectHost(value, input) : note(.repeatedHost)
        case .contentLength: isFirst ? collectContentLength(value, input) : note(.repeatedContentLength)
        case .transferEncoding: isFirst ? collectTransferEncoding(value, input) : note(.repeatedTransferEncoding)
        // Both fields are lists, and further lines continue the list (RFC 9110 5.3).
        case .connection: collectConnection(value, input)
        case .expect: collectExpectation(value, input)
        default:
            guard isFirst else {
                _ = head.repeatedFields.insert(field)
                return
            }
            store(field, value)
        }
    }

    @inline(__always)
    private mutating func store(_ field: KnownField, _ value: BufferRange) {
        switch field {
        case .ifMatch: head.ifMatch = value
        case .ifNoneMatch: head.ifNoneMatch = value
        case .ifModifiedSince: head.ifModifiedSince = value
        case .ifUnmodifiedSince: head.ifUnmodifiedSince = value
        case .ifRange: head.ifRange = value
        case .range: head.range = value
        case .acceptEncoding: head.acceptEncoding = value
        case .userAgent: head.userAgent = value
        case .referer: head.referer = value
        case .host, .connection, .contentLength, .transferEncoding, .expect: break
        }
    }

    /// RFC 9110 7.2 and RFC 9112 3.2. An empty value is refused too, because it would mean an http URI without a host, which RFC
    /// 9110 4.2.1 forbids.
    private mutating func collectHost(_ value: BufferRange, _ input: RawSpan) {
        guard Authority.isValid(value, in: input) else { return note(.invalidHost) }
        // RFC 9112 3.2.2: the authority of an absolute target replaces `Host`.
        if !targetHasAuthority { head.host = value }
    }

    /// RFC 9110 7.6.1. Unknown options are ignored.
    private mutating func collectConnection(_ value: BufferRange, _ input: RawSpan) {
        var elements = ListElements(value)
        while let option = elements.next(in: input) {
            if input.matches("close", ignoringCaseIn: option) { listsClose = true }
            if input.matches("keep-alive", ignoringCaseIn: option) { listsKeepAlive = true }
        }
    }

    /// RFC 9110 10.1.1 defines one expectation. A list with any other member, or an empty list, cannot be met.
    private mutating func collectExpectation(_ value: BufferRange, _ input: RawSpan) {
        var elements = ListElements(value)
        var isKnown = false
        while let expectation = elements.next(in: input) {
            isKnown = input.matches("100-continue", ignoringCaseIn: expectation)
            if !isKnown { break }
        }
        if !isKnown { note(.unknownExpectation) }
        head.expectsContinue = true
    }
}
