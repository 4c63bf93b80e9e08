import HTTPWire
import Testing

/// Message body length (RFC 9112 6.3) and the classic ways to make two parsers disagree about it.
@Suite struct FramingTests {
    private func post(_ lines: String...) -> String {
        "POST / HTTP/1.1\r\nHost: a\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n"
    }

    @Test(
        arguments: [
            ("0", 0), ("5", 5), ("007", 7), (" 42 \t", 42), ("1048576", 1_048_576),
            ("00000000000000000000000000000001", 1),
        ] as [(String, UInt64)])
    func readsContentLength(text: String, length: UInt64) {
        #expect(verdict(on: post("Content-Length:\(text)")).head?.framing == .length(length))
    }

    @Test(arguments: [
        "", " ", "+5", "-5", "-0", "5,5", "5, 5", "5 5", "0x5", "5a", "a", "5.0", "1e3", "5;", "\"5\"",
        "18446744073709551616",
        "99999999999999999999", "\u{663}", "5\t6", "_5", "1_0",
    ])
    func refusesContentLength(text: String) {
        #expect(verdict(on: post("Content-Length: \(text)")).refusal == .invalidContentLength)
    }

    @Test func refusesRepeatedContentLengthEvenWhenEqual() {
        #expect(verdict(on: post("Content-Length: 5", "Content-Length: 6")).refusal == .repeatedContentLength)
        #expect(verdict(on: post("Content-Length: 5", "content-length: 5")).refusal == .repeatedContentLength)
    }

    @Test func refusesABodyOverTheLimit() {
        #expect(verdict(on: post("Content-Length: 1048577")).refusal == .bodyTooLarge)
        #expect(verdict(on: post("Content-Length: 18446744073709551615")).refusal == .bodyTooLarge)
        #expect(Refusal.bodyTooLarge.status == .contentTooLarge)
    }

    @Test(arguments: ["chunked", "Chunked", "CHUNKED", " \tchunked\t "])
    func readsChunked(text: String) {
        #expect(verdict(on: post("Transfer-Encoding:\(text)")).head?.framing == .chunked)
    }

    @Test(arguments: [
        ("", Refusal.invalidTransferEncoding), ("chunked, chunked", .invalidTransferEncoding),
        (",", .invalidTransferEncoding),
        ("chunked, identity", .invalidTransferEncoding), ("chunked, gzip", .invalidTransferEncoding),
        ("chunked,", .invalidTransferEncoding), (",chunked", .invalidTransferEncoding),
        ("chunked;q=1", .invalidTransferEncoding),
        ("chunked;", .invalidTransferEncoding), ("\"chunked\"", .invalidTransferEncoding),
        ("chunked x", .invalidTransferEncoding),
        ("x chunked", .invalidTransferEncoding), ("chun ked", .invalidTransferEncoding),
        ("=chunked", .invalidTransferEncoding),
        ("gzip,, chunked", .invalidTransferEncoding), ("gzip, chunked, chunked", .invalidTransferEncoding),
        ("chunked\u{E9}", .invalidTransferEncoding), ("chunked:", .invalidTransferEncoding),
        ("xchunked", .transferCodingNotImplemented), ("chunkedx", .transferCodingNotImplemented),
        ("identity", .transferCodingNotImplemented), ("gzip", .transferCodingNotImplemented),
        ("gzip, chunked", .transferCodingNotImplemented), ("gzip;level=9 , chunked", .transferCodingNotImplemented),
        ("identity, chunked", .transferCodingNotImplemented), ("cow", .transferCodingNotImplemented),
        ("chunked\u{B}", .controlCharacter), ("\u{B}chunked", .controlCharacter), ("\u{0}chunked", .controlCharacter),
        ("\n chunked", .bareLineFeed), ("\r\n chunked", .lineFolding), ("\r\n\tchunked", .lineFolding),
    ])
    func refusesTransferEncoding(text: String, refusal: Refusal) {
        #expect(verdict(on: post("Transfer-Encoding: \(text)")).refusal == refusal)
    }

    @Test(arguments: [
        "Transfer-Encoding : chunked", "Transfer-Encoding\t: chunked", " Transfer-Encoding: chunked",
        "X: y\r\n Transfer-Encoding: chunked", "X: y\nTransfer-Encoding: chunked", "X: y\rTransfer-Encoding: chunked",
        "Transfer-Encoding\u{0}: chunked", "Transfer-Encoding\u{B}: chunked", "Transfer\rEncoding: chunked",
        "\"Transfer-Encoding\": chunked", "Transfer-Encoding: x\n: chunked", ": Transfer-Encoding: chunked",
        "Transfer-Encoding\r\n: chunked", "Transfer-Encoding",
    ])
    func refusesAnObfuscatedFieldBesideContentLength(line: String) {
        #expect(verdict(on: post("Content-Length: 4", line)).refusal?.status == .badRequest)
        #expect(verdict(on: post(line, "Content-Length: 4")).refusal?.status == .badRequest)
    }

    @Test func refusesBothKindsOfFraming() {
        let chunked = "Transfer-Encoding: chunked"
        #expect(verdict(on: post("Content-Length: 6", chunked)).refusal == .transferEncodingWithContentLength)
        #expect(verdict(on: post(chunked, "Content-Length: 6")).refusal == .transferEncodingWithContentLength)
        #expect(verdict(on: post(chunked, "Content-Length: 0")).refusal == .transferEncodingWithContentLength)
    }

    @Test func refusesRepeatedTransferEncoding() {
        let chunked = "Transfer-Encoding: chunked"
        #expect(verdict(on: post(chunked, chunked)).refusal == .repeatedTransferEncoding)
        #expect(verdict(on: post(chunked, "Transfer-Encoding: identity")).refusal == .repeatedTransferEncoding)
        #expect(verdict(on: post("Transfer-Encoding: x", chunked)).refusal?.status == .notImplemented)
        #expect(verdict(on: post(chunked, "Transfer-encoding: cow")).refusal == .repeatedTransferEncoding)
    }

    @Test func refusesTransferEncodingInHTTP10() {
        let head = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n"
        #expect(verdict(on: head + "\r\n").refusal == .transferEncodingBeforeHTTP11)
        #expect(verdict(on: head + "Content-Length: 5\r\n\r\n").refusal == .transferEncodingBeforeHTTP11)
    }

    @Test func ignoresFramingWordsInOtherPlaces() {
        let head = verdict(on: post("X-Transfer-Encoding: chunked", "Xontent-Length: 7", "Content_Length: 9")).head
        #expect(head?.framing == BodyFraming.none)
    }
}
