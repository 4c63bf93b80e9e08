/// The incremental parser of request heads (RFC 9112 sections 2 to 6), without I/O and without memory of its own beyond
/// a scan position of twelve bytes.
///
/// Hand it all unconsumed bytes, from the first byte of the request, each time more have come. After `.head` consume
/// `head.length` bytes and call again for the next request; the parser has already been reset.
///
/// Syntax and limits are judged byte by byte as they come; what the fields mean is judged when the head is complete. So
/// the verdict depends on the bytes alone and not on how they were cut into pieces.
package struct RequestParser: Sendable {
    package enum Step: Sendable {
        /// Everything so far is well-formed and within limits; the head is not complete.
        case needMore
        /// The head is complete and described by the `RequestHead` that was handed in.
        case head
        /// Answer with `refusal.status` and close.
        case refused(Refusal)
    }

    private var scan = HeadScan()

    package init() {}

    /// Whether bytes of an incomplete head have been seen, for a request timeout and for an orderly drain.
    package var isMidHead: Bool { !scan.isAtStart }

    /// `head` is written when the answer is `.head`, and only then. It is handed in because a payload of the answer
    /// would be copied several times on its way out.
    package mutating func parse(_ input: RawSpan, limits: RequestLimits, into head: inout RequestHead) -> Step {
        // A caller that presents less than before has started over; reading on from the old position would be wrong.
        if Int(scan.position) > input.byteCount { scan = HeadScan() }
        let isFirstLook = scan.isAtStart
        var draft = HeadDraft(isCollecting: isFirstLook)
        do {
            try scan.run(input, limits, &draft)
            if !isFirstLook {
                // The head came in pieces and its beginning was scanned in an earlier call. All of it is here now and
                // well-formed, so one more pass, from the start, collects what it says: two looks at each byte at most.
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
