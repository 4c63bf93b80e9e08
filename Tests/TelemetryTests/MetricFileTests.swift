import CLinux
import Glibc
import TestInput
import Testing

@testable import Telemetry

@Suite struct MetricFileTests {
    private let file: MetricFile

    init() throws { file = try MetricFile() }

    /// As another process sees the file.
    private func reader() throws -> MetricFile { try MetricFile(sharing: fcntl(file.descriptor, F_DUPFD_CLOEXEC, 0)) }

    private func fill(_ registry: MetricRegistry) throws {
        let hits = try registry.register(MetricDescription(.counter, "hits_total", help: "Hits", labels: ["route"]))
        let open = try registry.register(MetricDescription(.gauge, "open", help: ""))
        let took = try registry.register(
            MetricDescription(.histogram, "took_seconds", help: "", bounds: [1, 5], divisor: 10))
        let series = try #require(hits.series(["/ä"], limit: 10)).number
        #expect(hits.add(2, to: series) && open.set(7) && took.observe(3) && took.observe(9))
    }

    private func samples(_ registry: MetricRegistry) -> [String] {
        registry.all.flatMap(\.samples).map { "\($0.name) \($0.value)" }
    }

    private let counted = [
        "hits_total{route=\"/ä\"} 2", "open 7", "took_seconds_bucket{le=\"0.1\"} 0",
        "took_seconds_bucket{le=\"0.5\"} 1",
        "took_seconds_bucket{le=\"+Inf\"} 2", "took_seconds_sum 12", "took_seconds_count 2",
    ]

    @Test func anotherProcessReadsWhatIsCounted() throws {
        let registry = try #require(MetricRegistry(continuing: file))
        try fill(registry)
        #expect(samples(try #require(MetricRegistry(reading: try reader()))) == counted)
        #expect(samples(registry) == counted)
    }

    @Test func aSuccessorGoesOnWithTheCounters() throws {
        try fill(try #require(MetricRegistry(continuing: file)))
        let successor = try #require(MetricRegistry(continuing: try reader()))
        // What was measured is gone with the process.
        let expected = counted.map { $0 == "open 7" ? "open 0" : $0 }
        #expect(samples(successor) == expected)
        try fill(successor)
        #expect(
            samples(try #require(MetricRegistry(reading: file))) == [
                "hits_total{route=\"/ä\"} 4", "open 7", "took_seconds_bucket{le=\"0.1\"} 0",
                "took_seconds_bucket{le=\"0.5\"} 2", "took_seconds_bucket{le=\"+Inf\"} 4", "took_seconds_sum 24",
                "took_seconds_count 4",
            ])
        let used = MetricRefusal("the name is in use: another kind, other labels, other bounds or another divisor")
        #expect(throws: used) { try successor.register(MetricDescription(.gauge, "hits_total", help: "")) }
    }

    @Test func whatIsBeyondTheLimitIsCountedTogether() throws {
        let registry = try #require(MetricRegistry(continuing: file))
        let hits = try registry.register(MetricDescription(.counter, "hits_total", help: "", labels: ["route"]))
        for route in ["/a", "/b"] {
            let series = try #require(hits.series([route], limit: 1))
            #expect(hits.add(1, to: series.number))
        }
        let expected = ["hits_total{route=\"/a\"} 1", "hits_total{other=\"true\"} 1"]
        #expect(samples(try #require(MetricRegistry(reading: file))) == expected)
        let successor = try #require(MetricRegistry(continuing: file))
        #expect(samples(successor) == expected)
    }

    /// A file has 128 MiB, and each of these series needs over 2 KiB.
    @Test func aFullFileRefusesAndCountsOn() throws {
        let registry = try #require(MetricRegistry(continuing: file))
        let long = String(repeating: "x", count: 250)
        let labels = (0..<8).map { "l\($0)" }
        var count = 0
        filling: for name in 0..<256 {
            guard let metric = try? registry.register(MetricDescription(.counter, "m\(name)", help: "", labels: labels))
            else { break filling }
            for value in 0..<10_000 {
                let values = ["\(value)"] + Array(repeating: long, count: 7)
                guard let series = metric.series(values, limit: 10_000) else { throw CancellationError() }
                #expect(metric.add(1, to: series.number))
                if series.isOther { break filling }
                count += 1
            }
        }
        #expect((60_000...70_000).contains(count), "\(count)")
        #expect(throws: MetricRefusal("the metrics of the listener have no room for one more")) {
            for index in 0..<64 { _ = try registry.register(MetricDescription(.gauge, "g\(index)", help: "")) }
        }
        #expect(try #require(MetricRegistry(reading: file)).all.count == registry.all.count)
    }

    /// A plugin can write anywhere. Its host is not believed.
    @Test func aDamagedFileIsRefusedAndNeverTrapsTheReader() throws {
        try fill(try #require(MetricRegistry(continuing: file)))
        var status = stat()
        #expect(fstat(file.descriptor, &status) == 0)
        let memory = try #require(mmap(nil, 4_096, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor, 0))
        defer { munmap(memory, 4_096) }
        let intact = Array(UnsafeRawBufferPointer(start: memory, count: 4_096))
        // The magic number, the end, the head of the first record, and the length of its first text.
        for offset in [0, 15, 64, 68, 72] {
            memory.storeBytes(of: 0xFF, toByteOffset: offset, as: UInt8.self)
            #expect(MetricRegistry(reading: file) == nil, "offset \(offset)")
            memory.copyMemory(from: intact, byteCount: intact.count)
        }
        #expect(MetricRegistry(reading: file) != nil)
    }

    @Test(arguments: 0..<20) func randomDamageHurtsNobody(seed: UInt64) throws {
        try fill(try #require(MetricRegistry(continuing: file)))
        let memory = try #require(mmap(nil, 4_096, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor, 0))
        defer { munmap(memory, 4_096) }
        let intact = Array(UnsafeRawBufferPointer(start: memory, count: 4_096))
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                memory.storeBytes(
                    of: UInt8.random(in: 0...255, using: &random),
                    toByteOffset: Int.random(in: 0..<1_024, using: &random),
                    as: UInt8.self)
            }
            _ = MetricRegistry(reading: file)?.all.flatMap(\.samples)
            memory.copyMemory(from: intact, byteCount: intact.count)
        }
    }

    @Test func aFileOfAnotherKindIsRefused() throws {
        var pair: [Int32] = [-1, -1]
        #expect(linux_pipe(&pair) == 0)
        defer { close(pair[1]) }
        #expect(throws: (any Error).self) { try MetricFile(sharing: pair[0]) }
        // The descriptor's number may be another file's already. The writing end knows that nobody can read.
        var writer = pollfd(fd: pair[1], events: 0, revents: 0)
        #expect(poll(&writer, 1, 60_000) == 1 && writer.revents == Int16(POLLERR), "the other end is closed")
    }
}
