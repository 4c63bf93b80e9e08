import Testing

@testable import Engine

@Suite struct DelayHistogramTests {
    private let pages: PublishedPages

    init() throws { pages = try PublishedPages(loopCount: 1, isInFile: false) }

    private func record(_ duration: UInt64) { pages.engine.pointee.delays.record(duration) }
    private func quantiles(_ parts: [Double]) -> [UInt64] { pages.engine.pointee.delays.quantiles(parts) }

    @Test func nothingIsZero() { #expect(quantiles([0.5, 1]) == [0, 0]) }

    @Test(arguments: [0, 1, 1_023, 1_024, 40_000, 1_000_000, 123_456_789, 3_600_000_000_000, .max] as [UInt64])
    func theWorstIsExact(duration: UInt64) {
        record(duration)
        let worst = min(duration, 1 << 42 - 1)
        #expect(quantiles([0.5, 0.99, 1]) == [worst, worst, worst])
    }

    /// Each quantile is at most 1/32 above the exact value, or 1 µs.
    @Test func quantilesAreClose() {
        let durations = (1...10_000).map { UInt64($0) * 977_000 }
        for duration in durations { record(duration) }
        for (part, found) in zip([0.01, 0.5, 0.9, 0.99], quantiles([0.01, 0.5, 0.9, 0.99])) {
            let exact = durations[Int(part * 10_000) - 1]
            #expect(found >= exact && found <= exact + exact / 32 + 1_024, "\(part): \(found) for \(exact)")
        }
    }

    @Test func everyBucketEndsWhereTheNextBegins() {
        // Powers of two and their neighbours are where buckets change.
        for shift in 10..<42 {
            let pages = try? PublishedPages(loopCount: 1, isInFile: false)
            let histogram = pages?.engine
            histogram?.pointee.delays.record(1 << UInt64(shift) - 1)
            histogram?.pointee.delays.record(1 << UInt64(shift))
            histogram?.pointee.delays.record(1 << 42 - 1)
            let found = histogram?.pointee.delays.quantiles([0.3, 0.6]) ?? []
            let power = UInt64(1) << UInt64(shift)
            #expect(found.first == power - 1, "2^\(shift): \(found)")
            #expect(found.last.map { $0 >= power && $0 <= power + power / 32 + 1_024 } == true, "2^\(shift): \(found)")
        }
    }
}
