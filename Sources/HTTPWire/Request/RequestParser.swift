/// The incremental parser of request heads (RFC 9112 sections 2 to 6). It does no I/O, and its only state is a scan position of
/// twelve bytes.
///
/// Each time more bytes have arrived, pass it all unconsumed bytes, from the first byte of the request. After `.head` consume
/// `head.length` bytes and call again for the next request; the parser has already been reset.
///
/// Syntax and limits are checked byte by byte as the bytes arrive; the meaning of the fields is checked when the head is
/// complete. So the verdict depends only on the bytes and not on how they were split.
package struct RequestParser: Sendable {
    package enum Step: Sendable {
        /// Everything so far is well-formed and within limits; the head is not complete.
        case needMore
        /// The head is complete, and the `RequestHead` that was passed in describes it.
        case head
        /// Answer with `refusal.status` and close.
        case refused(Refusal)
    }

    private var scan = HeadScan()

    package init() {}

    /// Whether bytes of an incomplete head have been seen, for a request timeout and for an orderly drain.
    package var isMidHead: Bool { !scan.isAtStart }

    /// `head` is written only when the result is `.head`. It is a parameter because a payload of the result would be copied
    /// several times on its way out.
    package mutating func parse(_ input: RawSpan, limits: RequestLimits, into head: inout RequestHead) -> Step {
        // A caller that passes less than before has started over; continuing from the old position would be wrong.
        if Int(scan.position) > input.byteCount { scan = HeadScan() }
        let isFirstLook = scan.isAtStart
        var draft = HeadDraft(isCollecting: isFirstLook)
        do {
            try scan.run(input, limits, &draft)
            if !isFirstLook {
                // The head arrived in pieces and its beginning was scanned in an earlier call. All of it is here now and
                // well-formed, so a second pass from the start collects its content: each byte is read at most twice.
                scan = HeadScan()
                draft = HeadDraft(isCollecting: true)
                try scan.run(input, limits, &draft)
            }
            scan = HeadScan()
            if let problem = draft.finish(limits) { return .refused(problem) }
            head = draft.head
            return .head
        } catch {
            switch error {
            case .needMore:
                return .needMore
            case .refused(let refusal):
                scan = HeadScan()
                return .refused(refusal)
            }
        }
    }
}
