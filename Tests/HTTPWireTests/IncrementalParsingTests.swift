import HTTPWire
import Testing

/// The verdict depends on the bytes, not on how they were split.
@Suite struct IncrementalParsingTests {
    static let samples = Samples.accepted + Samples.refused

    @Test(arguments: samples)
    func givesTheSameVerdictSplitAtEveryByte(text: String) {
        let bytes = Array(text.utf8)
        let whole = verdict(on: bytes)
        #expect(whole != .needMore)
        for cut in 0...bytes.count {
            #expect(verdict(on: bytes, cutAt: [cut]) == whole, "cut at \(cut)")
        }
    }

    @Test(arguments: samples)
    func givesTheSameVerdictByteByByte(text: String) {
        let bytes = Array(text.utf8)
        #expect(verdict(on: bytes, cutAt: 0...bytes.count) == verdict(on: bytes))
    }

    @Test(arguments: Samples.accepted)
    func asksForMoreUntilTheLastByteOfTheHead(text: String) throws {
        let bytes = Array(text.utf8)
        let length = try #require(verdict(on: bytes).head).length
        for count in 0..<length { #expect(verdict(on: Array(bytes[..<count])) == .needMore) }
        #expect(verdict(on: Array(bytes[..<length])) == verdict(on: bytes))
    }

    @Test func readsPairsOfPipelinedRequests() throws {
        for first in Samples.accepted {
            for second in Samples.accepted {
                let head = try #require(verdict(on: first).head)
                let bytes = Array(Array(first.utf8)[..<head.length]) + Array(second.utf8)
                var parser = RequestParser()
                #expect(parser.verdict(bytes).head == head)
                // The same parser continues with the next request.
                #expect(parser.verdict(Array(bytes[head.length...])) == verdict(on: second))
                #expect(!parser.isMidHead)
            }
        }
    }

    @Test func resumesPipelinedRequestsAtEveryCut() throws {
        let first = Samples.accepted[0]
        let second = Samples.accepted[5]
        let bytes = Array((first + second).utf8)
        for cut in 0...bytes.count {
            var parser = RequestParser()
            var consumed = 0
            var heads: [HeadSummary] = []
            for available in [cut, bytes.count] {
                while let head = parser.verdict(Array(bytes[consumed..<available])).head {
                    consumed += head.length
                    heads.append(head)
                }
            }
            #expect(heads == [verdict(on: first).head, verdict(on: second).head], "cut at \(cut)")
        }
    }

    @Test func tellsWhetherAHeadHasBegun() {
        var parser = RequestParser()
        #expect(!parser.isMidHead)
        _ = parser.verdict(Array("GE".utf8))
        #expect(parser.isMidHead)
        _ = parser.verdict(Array(Samples.accepted[0].utf8))
        #expect(!parser.isMidHead)
    }

    @Test func startsOverWhenItGetsLessThanBefore() {
        var parser = RequestParser()
        _ = parser.verdict(Array("GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".utf8))
        let text = Samples.accepted[0]
        #expect(parser.verdict(Array(text.utf8)) == verdict(on: text))
    }

    @Test func keepsItsPositionInTwelveBytes() {
        #expect(MemoryLayout<RequestParser>.size == 12)
        #expect(MemoryLayout<RequestHead>.size <= 144)
        #expect(_isPOD(RequestHead.self) && _isPOD(RequestParser.self))
    }
}
