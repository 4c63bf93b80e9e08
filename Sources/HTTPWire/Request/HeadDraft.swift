/// The content of a head, collected line by line while `HeadScan` checks the syntax.
///
/// The first problem is stored and reported at the end of the head, so that a request with a doubtful meaning gets the same
/// answer whether its lines arrive together or one by one.
struct HeadDraft {
    /// False while a head that arrives in pieces is only scanned: the ranges are then incomplete and not used.
    let isCollecting: Bool
    var head = RequestHead()
    var problem: Refusal?

    var seenFields = KnownField.Set()
    var contentLength: UInt64?
    var isChunked = false
    var listsClose = false
    var listsKeepAlive = false
    var targetHasAuthority = false

    @inline(__always)
    init(isCollecting: Bool) { self.isCollecting = isCollecting }

    /// Only the first problem is reported.
    @inline(__always)
    mutating func note(_ refusal: Refusal) {
        if problem == nil { problem = refusal }
    }

    @inline(__always)
    mutating func finishRequestLine(_ input: RawSpan, fieldsStart: Int) {
        guard isCollecting else { return }
        head.method = RequestMethod(head.methodName, in: input)
        head.fields = BufferRange(fieldsStart, fieldsStart)
        collectTarget(input)
    }

    @inline(__always)
    mutating func finishFields(_ fieldsEnd: Int, headEnd: Int) {
        head.fields = BufferRange(head.fields.lower, fieldsEnd)
        head.length = UInt32(truncatingIfNeeded: headEnd)
    }

    /// Makes the checks that need the whole head. Returns the verdict: nil when the request can be served.
    @inline(__always)
    mutating func finish(_ limits: RequestLimits) -> Refusal? {
        if head.method == .connect || (head.method == .other && !limits.acceptsOtherMethods) {
            note(.methodNotImplemented)
        }
        // RFC 9112 3.2: Host is mandatory in HTTP/1.1, even when the target is absolute.
        if head.version == .http11, !seenFields.contains(.host) { note(.missingHost) }
        finishFraming(limits)
        finishConnection()
        return problem
    }

    /// RFC 9112 9.3: connections are persistent by default since 1.1, on request in 1.0, and `close` overrides both.
    @inline(__always)
    private mutating func finishConnection() {
        head.keepsAlive = !listsClose && (head.version == .http11 || listsKeepAlive)
    }
}
