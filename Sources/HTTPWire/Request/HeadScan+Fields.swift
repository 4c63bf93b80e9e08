/// field-line = field-name ":" OWS field-value OWS, each ended by CRLF (RFC 9112 section 5).
extension HeadScan {
    @inline(__always)
    mutating func scanFields(_ input: RawSpan, _ limits: RequestLimits, _ draft: inout HeadDraft) throws(Stop) {
        let limitEnd = Int(sectionStart) &+ limits.fieldSectionBytes
        let end = min(input.byteCount, limitEnd)
        while true {
            let nameStart = Int(position)
            if phase == .fieldStart, try passesEmptyLine(input, end, limitEnd, limits) {
                return draft.finishFields(nameStart, headEnd: Int(position))
            }
            if phase == .fieldName { try scanFieldName(input, end, limitEnd) }
            let nameEnd = Int(position) &- 1
            let valueEnd = try scanFieldValue(input, end, limitEnd)
            if draft.isCollecting {
                draft.collect(BufferRange(nameStart, nameEnd), input.trimmed(nameEnd &+ 1, valueEnd), input)
            }
        }
    }

    /// Returns true when the empty line was here, so that the head is complete. Otherwise a field name starts here.
    @inline(__always)
    private mutating func passesEmptyLine(
        _ input: RawSpan, _ end: Int, _ limitEnd: Int, _ limits: RequestLimits
    ) throws(Stop) -> Bool {
        let offset = Int(position)
        guard offset < end else { throw shortage(input, limitEnd: limitEnd, .fieldSectionTooLarge) }
        let byte = input.byte(at: offset)
        if byte == ASCII.carriageReturn {
            guard offset &+ 1 < end else { throw shortage(input, limitEnd: limitEnd, .fieldSectionTooLarge) }
            guard input.byte(at: offset &+ 1) == ASCII.lineFeed else { throw .refused(.bareCarriageReturn) }
            move(to: offset &+ 2, .fieldStart)
            return true
        }
        guard Int(fieldCount) < limits.fieldCount else { throw .refused(.tooManyFields) }
        // RFC 9112 5.2 requires obs-fold to be refused or unfolded, and 2.2 requires a blank after the request line to be
        // refused.
        if byte.isBlank { throw .refused(.lineFolding) }
        guard ByteSet.token.contains(byte) else { throw .refused(Refusal(inFieldName: byte)) }
        move(to: offset &+ 1, .fieldName)
        return false
    }

    /// Ends after the colon.
    @inline(__always)
    private mutating func scanFieldName(_ input: RawSpan, _ end: Int, _ limitEnd: Int) throws(Stop) {
        var offset = Int(position)
        while true {
            while offset &+ ByteWord.width <= end {
                let unusual = input.word(at: offset).notLetterOrHyphen
                offset &+= ByteWord.index(ofFirstIn: unusual)
                if unusual != 0 { break }
            }
            guard offset < end else {
                move(to: offset, .fieldName)
                throw shortage(input, limitEnd: limitEnd, .fieldSectionTooLarge)
            }
            let byte = input.byte(at: offset)
            offset &+= 1
            if byte == ASCII.colon { return move(to: offset, .fieldValue) }
            guard ByteSet.token.contains(byte) else { throw .refused(Refusal(inFieldName: byte)) }
        }
    }

    /// Ends after the CRLF. Returns where the CR was.
    @inline(__always)
    private mutating func scanFieldValue(_ input: RawSpan, _ end: Int, _ limitEnd: Int) throws(Stop) -> Int {
        var offset = Int(position)
        while true {
            offset = input.firstControl(from: offset, to: end)
            guard offset < end else { break }
            let byte = input.byte(at: offset)
            if byte == ASCII.carriageReturn {
                guard offset &+ 1 < end else { break }
                guard input.byte(at: offset &+ 1) == ASCII.lineFeed else { throw .refused(.bareCarriageReturn) }
                fieldCount &+= 1
                move(to: offset &+ 2, .fieldStart)
                return offset
            }
            guard byte == ASCII.horizontalTab else { throw .refused(Refusal(inFieldValue: byte)) }
            offset &+= 1
        }
        move(to: offset, .fieldValue)
        throw shortage(input, limitEnd: limitEnd, .fieldSectionTooLarge)
    }
}

extension Refusal {
    /// The refusal for a byte that ends a field name but is not a colon. A blank before the colon has its own reason because it
    /// is a known smuggling vector (RFC 9112 5.1).
    init(inFieldName byte: UInt8) {
        switch byte {
        case ASCII.space, ASCII.horizontalTab: self = .blankBeforeColon
        case ASCII.lineFeed: self = .bareLineFeed
        default: self = .invalidFieldName
        }
    }

    init(inFieldValue byte: UInt8) {
        self = byte == ASCII.lineFeed ? .bareLineFeed : .controlCharacter
    }
}
