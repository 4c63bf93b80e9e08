import HTTPWire

/// The parser's verdict with text instead of offsets, so that verdicts can be compared and printed.
enum Verdict: Equatable {
    case needMore
    case head(HeadSummary)
    case refused(Refusal)

    var refusal: Refusal? {
        if case .refused(let refusal) = self { refusal } else { nil }
    }

    var head: HeadSummary? {
        if case .head(let head) = self { head } else { nil }
    }
}

struct HeadSummary: Equatable {
    var length: Int
    var method: RequestMethod
    var methodName: String
    var target: String
    var path: String
    var query: String?
    var host: String?
    var version: RequestHead.Version
    var framing: BodyFraming
    var keepsAlive: Bool
    var expectsContinue: Bool
    var fields: [String]
    var known: [String?]

    init(_ head: RequestHead, _ bytes: [UInt8]) {
        func text(_ range: BufferRange) -> String { String(decoding: bytes[range.offsets], as: UTF8.self) }
        func sent(_ range: BufferRange) -> String? { range.isPresent ? text(range) : nil }
        length = Int(head.length)
        method = head.method
        methodName = text(head.methodName)
        target = text(head.target)
        path = text(head.path)
        query = sent(head.query)
        host = sent(head.host)
        version = head.version
        framing = head.framing
        keepsAlive = head.keepsAlive
        expectsContinue = head.expectsContinue
        known = [
            head.ifMatch, head.ifNoneMatch, head.ifModifiedSince, head.ifUnmodifiedSince, head.ifRange, head.range,
            head.acceptEncoding, head.userAgent, head.referer,
        ].map(sent)
        fields = []
        var iterator = FieldIterator(head)
        while let field = iterator.next(in: bytes.span.bytes) {
            fields.append("\(text(field.name)): \(text(field.value))")
        }
    }
}

extension RequestParser {
    mutating func verdict(_ bytes: [UInt8], _ limits: RequestLimits = RequestLimits()) -> Verdict {
        var head = RequestHead()
        switch parse(bytes.span.bytes, limits: limits, into: &head) {
        case .needMore: return .needMore
        case .head: return .head(HeadSummary(head, bytes))
        case .refused(let refusal): return .refused(refusal)
        }
    }
}

func verdict(on bytes: [UInt8], _ limits: RequestLimits = RequestLimits()) -> Verdict {
    var parser = RequestParser()
    return parser.verdict(bytes, limits)
}

func verdict(on text: String, _ limits: RequestLimits = RequestLimits()) -> Verdict {
    verdict(on: Array(text.utf8), limits)
}

/// The verdict when the bytes arrive in pieces that end at `cuts`, and then all of them.
func verdict(on bytes: [UInt8], cutAt cuts: some Sequence<Int>, _ limits: RequestLimits = RequestLimits()) -> Verdict {
    var parser = RequestParser()
    for cut in cuts {
        let early = parser.verdict(Array(bytes[..<cut]), limits)
        if early != .needMore { return early }
    }
    return parser.verdict(bytes, limits)
}

/// A head that is valid except, perhaps, for the given lines.
func request(_ lines: String..., line: String = "GET / HTTP/1.1", host: String = "Host: localhost\r\n") -> String {
    line + "\r\n" + host + lines.map { $0 + "\r\n" }.joined() + "\r\n"
}

/// The whole text as a range, and the text as bytes, for functions over one field value.
func value(_ text: String) -> (range: BufferRange, bytes: [UInt8]) {
    // One byte before it, as in a head, where no value starts at offset 0.
    let bytes = [UInt8(ascii: " ")] + Array(text.utf8)
    return (BufferRange(start: 1, end: UInt32(bytes.count)), bytes)
}
