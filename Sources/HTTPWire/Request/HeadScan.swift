/// How far the syntax of a head has been checked. A pure state machine over the bytes of the head: it can stop at any byte and
/// continue from there when more have arrived, so a peer that sends byte by byte does not cause a rescan each time.
struct HeadScan {
    /// What the byte at `position` belongs to.
    enum Phase: UInt8 {
        case emptyLines, method, targetStart, target, version, fieldStart, fieldName, fieldValue
    }

    /// Why a scan ended before the end of the head.
    enum Stop: Error {
        case needMore
        case refused(Refusal)
    }

    var phase = Phase.emptyLines
    var emptyLineCount: UInt8 = 0
    var fieldCount: UInt16 = 0
    /// Where the request line starts; from `fieldStart` on, where the field section starts. Limits count from here.
    var sectionStart: UInt32 = 0
    /// All bytes before it have been checked.
    var position: UInt32 = 0

    @inline(__always)
    var isAtStart: Bool { position == 0 }

    /// Returns when the empty line that ends the head has been passed: `position` is then the length of the head.
    @inline(__always)
    mutating func run(_ input: RawSpan, _ limits: RequestLimits, _ draft: inout HeadDraft) throws(Stop) {
        if phase.rawValue < Phase.fieldStart.rawValue {
            try scanRequestLine(input, limits, &draft)
        }
        try scanFields(input, limits, &draft)
    }

    /// Why the bytes ran out: at the end of what the limit lets us read, the limit; before that, the peer has not sent more yet.
    /// Nothing beyond that end is ever read, so the verdict does not depend on how much has already arrived.
    @inline(__always)
    func shortage(_ input: RawSpan, limitEnd: Int, _ refusal: Refusal) -> Stop {
        input.byteCount >= limitEnd ? .refused(refusal) : .needMore
    }

    @inline(__always)
    mutating func move(to offset: Int, _ phase: Phase) {
        position = UInt32(truncatingIfNeeded: offset)
        self.phase = phase
    }
}
