/// HTTP-version = "HTTP" "/" DIGIT "." DIGIT (RFC 9112 2.3), case-sensitive, and the CRLF after it.
extension HeadScan {
    /// Checks ten bytes together. While they have not all arrived, each call checks them again from the first, which is bounded.
    @inline(__always)
    mutating func scanVersion(_ input: RawSpan, _ limitEnd: Int, _ draft: inout HeadDraft) throws(Stop) {
        let start = Int(position)
        let end = start &+ 10
        guard end <= min(input.byteCount, limitEnd),
            case let version = input.word(at: start).bits,
            // "HTTP/1." and the CRLF; the minor version may be any digit.
            version << 8 == StaticString("HTTP/1.0").word(at: 0).bits << 8,
            UInt8(truncatingIfNeeded: version >> 56).isDigit,
            input.byte(at: start &+ 8) == ASCII.carriageReturn,
            input.byte(at: start &+ 9) == ASCII.lineFeed
        else {
            throw versionProblem(input, limitEnd)
        }
        draft.head.version = input.byte(at: start &+ 7) == ASCII.zero ? .http10 : .http11
        sectionStart = UInt32(truncatingIfNeeded: end)
        move(to: end, .fieldStart)
        draft.finishRequestLine(input, fieldsStart: end)
    }

    /// Checks the same bytes slowly, one by one, to find the reason.
    private func versionProblem(_ input: RawSpan, _ limitEnd: Int) -> Stop {
        let expected: StaticString = "HTTP/1.0\r\n"
        let start = Int(position)
        let end = min(input.byteCount, limitEnd)
        var isOtherMajor = false
        for index in 0..<expected.utf8CodeUnitCount {
            guard start &+ index < end else { return shortage(input, limitEnd: limitEnd, .requestLineTooLong) }
            let byte = input.byte(at: start &+ index)
            switch index {
            case 5 where byte.isDigit:
                isOtherMajor = byte != expected.byte(at: index)
            case 7 where byte.isDigit:
                break
            case 8 where byte == ASCII.lineFeed:
                return .refused(.bareLineFeed)
            case 9 where byte != ASCII.lineFeed:
                return .refused(.bareCarriageReturn)
            default:
                guard byte == expected.byte(at: index) else { return .refused(.malformedRequestLine) }
            }
        }
        return .refused(isOtherMajor ? .versionNotSupported : .malformedRequestLine)
    }
}
