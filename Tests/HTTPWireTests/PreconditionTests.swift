import HTTPWire
import Testing

@Suite struct PreconditionTests {
    static let lastModified = "Sun, 06 Nov 1994 08:49:37 GMT"
    static let before = "Sun, 06 Nov 1994 08:49:36 GMT"
    static let after = "Sun, 06 Nov 1994 08:49:38 GMT"

    /// The outcome for a representation that has the tag and was last modified at `lastModified`.
    private func outcome(
        _ lines: [String], method: String = "GET", tag: String = "\"a\"", exists: Bool = true, isDated: Bool = true,
        age: Int64 = 1_000
    ) -> PreconditionOutcome? {
        let bytes = Array(
            "\(method) / HTTP/1.1\r\nHost: h\r\n\(lines.map { $0 + "\r\n" }.joined())\r\n".utf8)
        var parser = RequestParser()
        var head = RequestHead()
        guard case .head = parser.parse(bytes.span.bytes, limits: RequestLimits(), into: &head) else { return nil }
        let date = HTTPDate(secondsSinceEpoch: 784_111_777)
        return head.evaluatePreconditions(
            in: bytes.span.bytes, RepresentationState(exists: exists, lastModified: isDated ? date : nil),
            entityTag: Array(tag.utf8).span.bytes, now: HTTPDate(secondsSinceEpoch: 784_111_777 + age))
    }

    @Test(arguments: [
        ("\"a\"", true), ("*", true), ("\"b\", \"a\"", true), (",, \"b\" ,\"a\",", true), ("\"b\"", false),
        ("W/\"a\"", false),
        ("", false), ("a", false), ("\"a", false), ("\"a\" \"b\"", false), ("\"b\" \"a\"", false), ("\"A\"", false),
        ("\"b,\", \"a\"", true),
        ("w/\"a\"", false), ("\"\"", false), ("*, \"b\"", false),
    ])
    func comparesIfMatchStrongly(list: String, matches: Bool) {
        #expect(outcome(["If-Match: \(list)"], method: "PUT") == (matches ? .proceed : .preconditionFailed))
        #expect(outcome(["If-Match: \(list)"]) == (matches ? .proceed : .preconditionFailed))
    }

    @Test(arguments: [
        ("\"a\"", true), ("*", true), ("W/\"a\"", true), ("\"b\", W/\"a\"", true), ("\"b\"", false), ("", false),
        ("\"a", false),
        ("a", false), ("\"b\"\"a\"", false), ("W/a", false), ("W/", false), ("W", false), ("\"", false),
    ])
    func comparesIfNoneMatchWeakly(list: String, matches: Bool) {
        #expect(outcome(["If-None-Match: \(list)"]) == (matches ? .notModified : .proceed))
        #expect(outcome(["If-None-Match: \(list)"], method: "HEAD") == (matches ? .notModified : .proceed))
        #expect(outcome(["If-None-Match: \(list)"], method: "PUT") == (matches ? .preconditionFailed : .proceed))
        #expect(outcome(["If-None-Match: \(list)"], tag: "W/\"a\"") == (matches ? .notModified : .proceed))
    }

    @Test func checksWhetherARepresentationExists() {
        #expect(outcome(["If-None-Match: *"], method: "PUT", exists: false) == .proceed)
        #expect(outcome(["If-Match: *"], method: "PUT", exists: false) == .preconditionFailed)
        #expect(outcome(["If-Match: \"a\""], method: "PUT", exists: false) == .preconditionFailed)
        #expect(outcome(["If-None-Match: \"\""], tag: "") == .proceed)
        #expect(outcome(["If-Match: \"a\""], tag: "a") == .preconditionFailed)
    }

    @Test func comparesDates() {
        #expect(outcome(["If-Modified-Since: \(Self.lastModified)"]) == .notModified)
        #expect(outcome(["If-Modified-Since: \(Self.after)"]) == .notModified)
        #expect(outcome(["If-Modified-Since: \(Self.before)"]) == .proceed)
        #expect(outcome(["If-Modified-Since: \(Self.lastModified)"], method: "PUT") == .proceed)
        #expect(outcome(["If-Unmodified-Since: \(Self.lastModified)"]) == .proceed)
        #expect(outcome(["If-Unmodified-Since: \(Self.before)"]) == .preconditionFailed)
        #expect(outcome(["If-Unmodified-Since: \(Self.before)"], method: "PUT") == .preconditionFailed)
    }

    @Test func ignoresDatesItCannotUse() {
        #expect(outcome(["If-Modified-Since: yesterday"]) == .proceed)
        #expect(outcome(["If-Unmodified-Since: 0"]) == .proceed)
        #expect(outcome(["If-Modified-Since: \(Self.after)"], isDated: false) == .proceed)
        #expect(outcome(["If-Modified-Since: \(Self.after)", "If-Modified-Since: \(Self.after)"]) == .proceed)
        #expect(outcome(["If-Unmodified-Since: \(Self.before)", "If-Unmodified-Since: x"]) == .proceed)
    }

    @Test func prefersTagsToDates() {
        #expect(outcome(["If-Match: \"a\"", "If-Unmodified-Since: \(Self.before)"]) == .proceed)
        #expect(outcome(["If-None-Match: \"b\"", "If-Modified-Since: \(Self.after)"]) == .proceed)
        #expect(outcome(["If-Match: \"b\"", "If-None-Match: \"a\""]) == .preconditionFailed)
        #expect(outcome(["If-Match: \"a\"", "If-None-Match: \"a\""]) == .notModified)
        #expect(outcome(["If-Unmodified-Since: \(Self.before)", "If-None-Match: \"a\""]) == .preconditionFailed)
    }

    @Test func continuesAListOnFurtherLines() {
        #expect(outcome(["If-None-Match: \"b\"", "if-none-match: \"a\""]) == .notModified)
        #expect(outcome(["If-Match: \"b\"", "If-Match: \"c\""]) == .preconditionFailed)
        #expect(outcome(["If-Match: \"b\"", "If-Match: \"a\""]) == .proceed)
    }

    @Test(arguments: [
        ("\"a\"", PreconditionOutcome.proceed), ("\"b\"", .ignoreRange), ("W/\"a\"", .ignoreRange),
        ("\"a\", \"b\"", .ignoreRange),
        (lastModified, .proceed), (before, .ignoreRange), (after, .ignoreRange), ("x", .ignoreRange),
        ("", .ignoreRange), ("*", .ignoreRange),
    ])
    func allowsARangeOnlyOfTheSameRepresentation(validator: String, expected: PreconditionOutcome) {
        #expect(outcome(["Range: bytes=0-1", "If-Range: \(validator)"]) == expected)
        #expect(outcome(["If-Range: \(validator)"]) == .proceed)
    }

    @Test func requiresAStrongValidatorForARange() {
        #expect(outcome(["Range: bytes=0-1", "If-Range: \(Self.lastModified)"], age: 0) == .ignoreRange)
        #expect(outcome(["Range: bytes=0-1", "If-Range: \(Self.lastModified)"], age: 1) == .proceed)
        #expect(outcome(["Range: bytes=0-1", "If-Range: \"a\""], tag: "W/\"a\"") == .ignoreRange)
        #expect(outcome(["Range: bytes=0-1", "If-Range: \"a\"", "If-Range: \"a\""]) == .ignoreRange)
        #expect(outcome(["Range: bytes=0-1", "If-Range: \"b\""], method: "HEAD") == .proceed)
    }

    @Test func doesNotApplyToMethodsWithoutARepresentation() {
        #expect(outcome(["If-Match: \"b\""], method: "OPTIONS") == .proceed)
        #expect(outcome(["If-Match: \"b\""], method: "TRACE") == .proceed)
    }

    @Test func selectsARangeOnlyForGETAndOnlyOnce() {
        func select(_ text: String) -> RangeSelection? {
            let bytes = Array(text.utf8)
            var parser = RequestParser()
            var head = RequestHead()
            guard case .head = parser.parse(bytes.span.bytes, limits: RequestLimits(), into: &head) else { return nil }
            return head.selectRange(in: bytes.span.bytes, length: 10)
        }
        #expect(select(request("Range: bytes=0-1")) == ByteRange(first: 0, last: 1).map(RangeSelection.partial))
        #expect(select(request("Range: bytes=10-")) == .unsatisfiable)
        #expect(select(request("Range: bytes=0-1", line: "HEAD / HTTP/1.1")) == .whole)
        #expect(select(request("Range: bytes=0-1", "Range: bytes=0-1")) == .whole)
        #expect(select(request()) == .whole)
    }
}
