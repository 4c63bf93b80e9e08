import HTTPWire
import Testing

@Suite struct FieldSyntaxTests {
    @Test(arguments: [
        ("A:b", "A: b"), ("A:  b \t ", "A: b"), ("A:", "A: "), ("A: \t ", "A: "), ("A: b c\td", "A: b c\td"),
        ("A: caf\u{E9}", "A: caf\u{E9}"), ("!#$%&'*+-.^_`|~09Az: x", "!#$%&'*+-.^_`|~09Az: x"), ("A: :b:", "A: :b:"),
        (
            "A-very-long-field-name-with-more-than-sixteen-bytes: 1",
            "A-very-long-field-name-with-more-than-sixteen-bytes: 1"
        ),
    ])
    func accepts(line: String, field: String) {
        #expect(verdict(on: request(line)).head?.fields == ["Host: localhost", field])
    }

    @Test(arguments: [
        (":", Refusal.invalidFieldName), (": x", .invalidFieldName), ("A", .invalidFieldName),
        ("A b: c", .blankBeforeColon),
        ("A : b", .blankBeforeColon), ("A\t: b", .blankBeforeColon), (" A: b", .lineFolding), ("\tA: b", .lineFolding),
        ("A: b\r\n c", .lineFolding), ("A: b\r\n\tc", .lineFolding), ("A: b\r\n ", .lineFolding),
        ("A(: b", .invalidFieldName),
        ("A\u{0}: b", .invalidFieldName), ("Caf\u{E9}: b", .invalidFieldName), ("A/B: c", .invalidFieldName),
        ("A\u{7F}: b", .invalidFieldName), ("A\r: b", .invalidFieldName), ("A@: b", .invalidFieldName),
        ("A[: b", .invalidFieldName), ("A{: b", .invalidFieldName), ("A\n: b", .bareLineFeed),
        ("A: b\nB: c", .bareLineFeed), ("A: \n", .bareLineFeed), ("A: b\rc", .bareCarriageReturn),
        ("A: b\r", .bareCarriageReturn), ("A: b\u{0}c", .controlCharacter), ("A: b\u{7F}c", .controlCharacter),
        ("A: \u{1}", .controlCharacter), ("A: \u{B}b", .controlCharacter), ("A: b\u{1F}", .controlCharacter),
        ("A: 12345678\u{8}", .controlCharacter), ("\rA: b", .bareCarriageReturn), ("\nA: b", .bareLineFeed),
    ])
    func refuses(line: String, refusal: Refusal) {
        #expect(verdict(on: request(line)).refusal == refusal)
        #expect(refusal.status == .badRequest)
    }

    /// Whole-word scans must stop at each byte wherever it is in the word.
    @Test func checksEveryByteAtEveryPlace() {
        for byte in UInt8.min...UInt8.max {
            for place in 0..<17 {
                var filler = Array(repeating: UInt8(ascii: "a"), count: 17)
                filler[place] = byte
                let name = Array("GET / HTTP/1.1\r\nHost: a\r\nx".utf8) + filler + Array(": v\r\n\r\n".utf8)
                let value = Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8) + filler + Array("\r\n\r\n".utf8)
                let target = Array("GET /".utf8) + filler + Array(" HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
                let scalar = Character(UnicodeScalar(byte))
                let isToken =
                    scalar.isASCII && (scalar.isLetter || scalar.isNumber || "!#$%&'*+-.^_`|~".contains(scalar))
                let isValue = (byte >= 0x20 && byte != 0x7F) || byte == 9
                let isTarget = byte > 0x20 && byte < 0x7F && scalar != "#"
                #expect((verdict(on: name).head != nil) == (isToken || scalar == ":"))
                #expect((verdict(on: value).head != nil) == isValue)
                #expect((verdict(on: target).head != nil) == isTarget)
            }
        }
    }

    @Test func findsTheFieldsThatAFileServerNeeds() {
        let head = verdict(
            on: request(
                "if-match: 1", "IF-NONE-MATCH: 2", "If-Modified-Since: 3", "If-Unmodified-Since: 4", "If-Range: 5",
                "Range: 6",
                "Accept-Encoding: 7", "User-Agent: 8", "Referer: 9")
        ).head
        #expect(head?.known == ["1", "2", "3", "4", "5", "6", "7", "8", "9"])
    }

    @Test func isNotFooledByNamesOfTheSameLength() {
        let head = verdict(
            on: request(
                "Hosx: 1", "Rangf: 1", "If-Natch: 1", "If-None-Natch: 1", "User_Agent: 1", "Accept-Encodinh: 1",
                "Uf-Modified-Since: 1", "If-Unmodified_Since: 1", "Referes: 1", "Expecu: 1", "Connectiom: close",
                "Content-Lengti: x", "Transfer-Encodinf: x")
        ).head
        #expect(head?.known == Array(repeating: nil, count: 9) && head?.keepsAlive == true)
    }

    @Test func findsAnyFieldByName() {
        let bytes = Array(request("Cookie: a=b", "X-Forwarded-For: 1.2.3.4", "cookie: c").utf8)
        var parser = RequestParser()
        var head = RequestHead()
        guard case .head = parser.parse(bytes.span.bytes, limits: RequestLimits(), into: &head) else {
            Issue.record("refused")
            return
        }
        #expect(text("cookie") == "a=b")
        #expect(text("x-forwarded-for") == "1.2.3.4")
        #expect(text("x-absent") == nil)
        // Bytes that are not the head's end the iteration instead of trapping.
        let elsewhere = head.value(of: "cookie", in: RawSpan())
        #expect(elsewhere == nil)

        func text(_ name: StaticString) -> String? {
            head.value(of: name, in: bytes.span.bytes).map { String(decoding: bytes[$0.offsets], as: UTF8.self) }
        }
    }
}
