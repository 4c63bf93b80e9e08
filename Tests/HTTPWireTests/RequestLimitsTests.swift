import HTTPWire
import Testing

@Suite struct RequestLimitsTests {
    @Test func boundsTheRequestLine() {
        let limits = RequestLimits(requestLineBytes: 40)
        // "GET /" and " HTTP/1.1" are 14 bytes.
        let longest = "GET /" + String(repeating: "a", count: 26) + " HTTP/1.1"
        #expect(verdict(on: request(line: longest), limits).head != nil)
        #expect(verdict(on: request(line: "GET /a" + longest.dropFirst(5)), limits).refusal == .requestLineTooLong)
        #expect(Refusal.requestLineTooLong.status == .uriTooLong)
    }

    @Test func refusesAnEndlessTargetBeforeItsEnd() {
        let limits = RequestLimits(requestLineBytes: 40)
        #expect(verdict(on: "GET /" + String(repeating: "a", count: 36), limits) == .needMore)
        #expect(verdict(on: "GET /" + String(repeating: "a", count: 37), limits).refusal == .requestLineTooLong)
    }

    @Test func boundsTheFieldSection() {
        // 17 bytes of Host, 2 of the empty line.
        let limits = RequestLimits(fieldSectionBytes: 60)
        let fits = "A: " + String(repeating: "b", count: 36)
        #expect(verdict(on: request(fits), limits).head != nil)
        #expect(verdict(on: request(fits + "b"), limits).refusal == .fieldSectionTooLarge)
        #expect(verdict(on: request(fits, "C: d"), limits).refusal == .fieldSectionTooLarge)
        #expect(Refusal.fieldSectionTooLarge.status == .requestHeaderFieldsTooLarge)
    }

    @Test func boundsTheNumberOfFields() {
        let limits = RequestLimits(fieldCount: 3)
        #expect(verdict(on: request("A: b", "C: d"), limits).head != nil)
        #expect(verdict(on: request("A: b", "C: d", "E: f"), limits).refusal == .tooManyFields)
        #expect(Refusal.tooManyFields.status == .requestHeaderFieldsTooLarge)
    }

    /// An error beyond a limit must not change the verdict, however much has arrived.
    @Test func readsNothingBeyondALimit() {
        let limits = RequestLimits(requestLineBytes: 30, fieldSectionBytes: 40)
        for text in [
            "GET /" + String(repeating: "a", count: 30) + "\u{0}",
            request("A: " + String(repeating: "b", count: 40) + "\u{0}"),
            request(String(repeating: "b", count: 40) + "\u{0}"),
        ] {
            let bytes = Array(text.utf8)
            #expect(verdict(on: bytes, limits) == verdict(on: bytes, cutAt: 0..<bytes.count, limits))
        }
    }

    @Test func movesAbsurdLimitsIntoBounds() {
        let none = RequestLimits(
            requestLineBytes: -1, fieldSectionBytes: .min, fieldCount: 0, contentBytes: 0, chunkExtensionBytes: -1)
        #expect(none.requestLineBytes == 1 && none.fieldSectionBytes == 1 && none.fieldCount == 1)
        #expect(none.chunkExtensionBytes == 0)
        #expect(verdict(on: request(), none).refusal == .requestLineTooLong)
        let all = RequestLimits(
            requestLineBytes: .max, fieldSectionBytes: .max, fieldCount: .max, contentBytes: .max,
            chunkExtensionBytes: .max)
        #expect(verdict(on: request(), all).head != nil)
    }

    @Test func waitsForTheFirstByte() {
        #expect(verdict(on: [], RequestLimits()) == .needMore)
    }
}
