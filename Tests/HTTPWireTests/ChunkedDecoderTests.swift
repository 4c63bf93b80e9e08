import HTTPWire
import TestInput
import Testing

@Suite struct ChunkedDecoderTests {
    @Test func joinsChunksAndLeavesTheNextRequest() {
        let body = Unchunked("5\r\nhello\r\n00A\r\n, chunked!\r\n0\r\n\r\nGET /")
        #expect(body.content == "hello, chunked!" && body.end == .ended && body.consumed == 32)
    }

    @Test func dropsExtensionsAndTrailers() {
        let body = Unchunked("5 ;a=b;c=\"d;\\\"\";e\t;\tf\r\nhello\r\n0;x\r\nA: b\r\nC:\r\n\r\n")
        #expect(body.content == "hello" && body.end == .ended)
    }

    @Test(arguments: Samples.chunkedBodies)
    func givesTheSameContentSplitAtEveryByte(text: String) {
        let bytes = Array(text.utf8)
        let whole = Unchunked(text)
        #expect(whole.end == .ended)
        for cut in 0...bytes.count { #expect(Unchunked(bytes, cutAt: [cut]) == whole, "cut at \(cut)") }
        #expect(Unchunked(bytes, cutAt: 0..<bytes.count) == whole)
    }

    @Test func countsContentAndStaysEnded() {
        var decoder = ChunkedDecoder()
        let bytes = Array("3\r\nabc\r\n0\r\n\r\n".utf8)
        #expect(decoder.decode(bytes.span.bytes, limits: RequestLimits()) == .data(3..<6))
        #expect(decoder.contentBytes == 3)
        let rest = Array(bytes[6...])
        #expect(decoder.decode(rest.span.bytes, limits: RequestLimits()) == .end(consumed: 7))
        #expect(decoder.decode(rest.span.bytes, limits: RequestLimits()) == .end(consumed: 0))
        #expect(decoder.decode(RawSpan(), limits: RequestLimits()) == .end(consumed: 0))
    }

    @Test(arguments: [
        "\r\n", "g\r\n", "-1\r\n", "+1\r\n", "0x5\r\n", "x5\r\n", " 5\r\n", "\t5\r\n", "5,\r\n", "5_0\r\n", "5.\r\n",
        "\u{0}5\r\n",
        "00000000000000005\r\n", "10000000000000000\r\n", "ffffffffffffffff0\r\n", ";a\r\n", "5\u{0}\r\n", "5h\r\n",
    ])
    func refusesAChunkSize(text: String) {
        #expect(Unchunked(text).refusal == .invalidChunkSize)
    }

    @Test(arguments: [
        "5 \r\n", "5;\r\n", "5; \r\n", "5;a=\r\n", "5;a=b \r\n", "5;a \r\n", "5;=b\r\n", "5;a==b\r\n", "5;a=b c\r\n",
        "5 a\r\n",
        "5;a=\"b\r\n", "5;a=\"b\\\r\n", "5;a=\"b\"c\r\n", "5;a=\"\u{0}\"\r\n", "5;a\u{0}\r\n", "5;;a\r\n", "5;a,b\r\n",
        "5;a=\"\\\u{7F}\"\r\n", "5;\u{E9}\r\n", "5;a=b\u{7F}\r\n",
    ])
    func refusesAChunkExtension(text: String) {
        #expect(Unchunked(text).refusal == .invalidChunkExtension)
    }

    @Test(arguments: [
        ("5\nhello", Refusal.bareLineFeed), ("5;a\nhello", .bareLineFeed), ("5;a=\"\n\"\r\n", .bareLineFeed),
        ("5\rhello", .bareCarriageReturn), ("5;a\rb\r\n", .bareCarriageReturn), ("5\r\r\n", .bareCarriageReturn),
        ("5\r\nhello!\r\n", .chunkTooLong), ("5\r\nhello\n", .chunkTooLong), ("5\r\nhello\r\r", .chunkTooLong),
        ("5\r\nhello0\r\n", .chunkTooLong), ("5\r\nhell\r\n0\r\n", .chunkTooLong),
        ("0\r\nA b: c\r\n", .blankBeforeColon),
        ("0\r\n A: b\r\n", .lineFolding), ("0\r\n: b\r\n", .invalidFieldName), ("0\r\nA: \u{0}\r\n", .controlCharacter),
        ("0\r\nA: b\nC: d", .bareLineFeed), ("0\r\nGET / HTTP/1.1\r\n", .blankBeforeColon), ("0\r\n\n", .bareLineFeed),
        ("0\r\n\rX", .bareCarriageReturn), ("0\r\nA: b\rc", .bareCarriageReturn),
    ])
    func refusesMalformedFraming(text: String, refusal: Refusal) {
        #expect(Unchunked(text).refusal == refusal)
        #expect(Unchunked(Array(text.utf8), cutAt: 0..<text.utf8.count).refusal == refusal)
        #expect(refusal.status == .badRequest)
    }

    @Test func boundsTheContent() {
        let limits = RequestLimits(contentBytes: 10)
        #expect(Unchunked("a\r\n0123456789\r\n0\r\n\r\n", limits).end == .ended)
        #expect(Unchunked("b\r\n", limits).refusal == .bodyTooLarge)
        #expect(Unchunked("5\r\nhello\r\n6\r\n", limits).refusal == .bodyTooLarge)
        #expect(Unchunked("ffffffffffffffff\r\n", limits).refusal == .bodyTooLarge)
        let all = RequestLimits(contentBytes: .max)
        #expect(Unchunked("1\r\na\r\nffffffffffffffff\r\n", all).refusal == .bodyTooLarge)
        #expect(Unchunked("ffffffffffffffff\r\na", all).content == "a")
    }

    @Test func boundsExtensionsOfAllChunksTogether() {
        let limits = RequestLimits(chunkExtensionBytes: 8)
        #expect(Unchunked("1;abcdefgh\r\n", limits).end == .needMore)
        #expect(Unchunked("1;abcdefghi\r\n", limits).refusal == .chunkExtensionsTooLarge)
        #expect(Unchunked("1;abcd\r\na\r\n1;abcde\r\n", limits).refusal == .chunkExtensionsTooLarge)
    }

    @Test func boundsTrailers() {
        let limits = RequestLimits(fieldSectionBytes: 20, fieldCount: 2)
        #expect(Unchunked("0\r\nA: b\r\nC: d\r\n\r\n", limits).end == .ended)
        #expect(Unchunked("0\r\nA: b\r\nC: d\r\nE", limits).refusal == .tooManyFields)
        #expect(Unchunked("0\r\nA: bbbbbbbbbbbbbbbbb", limits).refusal == .fieldSectionTooLarge)
    }

    @Test(arguments: [3, 20_260_103] as [UInt64])
    func givesMutationsTheSameVerdictWholeAndSplit(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let limits = RequestLimits(fieldSectionBytes: 60, fieldCount: 4, contentBytes: 60, chunkExtensionBytes: 40)
        for round in 0..<2_000 {
            var bytes = Array(Samples.chunkedBodies[generator.below(Samples.chunkedBodies.count)].utf8)
            for _ in 0...generator.below(3) {
                let place = generator.below(bytes.count)
                switch generator.below(3) {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
                case 1: bytes.remove(at: place)
                default: bytes.insert(Array("0\r\n;=\" af".utf8)[generator.below(9)], at: place)
                }
            }
            let whole = Unchunked(bytes, cutAt: [], limits)
            let comment: Comment = "seed \(seed), round \(round)"
            #expect(Unchunked(bytes, cutAt: [generator.below(bytes.count)], limits) == whole, comment)
            #expect(Unchunked(bytes, cutAt: 0..<bytes.count, limits) == whole, comment)
        }
    }
}
