import Testing

@testable import Instances
@testable import PluginHost

@Suite struct VerdictCacheTests {
    private let cache = VerdictCache<String, Int>(limit: 3)

    private func verdict(_ key: String, _ result: Result<Int, ProbeFailure>) -> (Result<Int, ProbeFailure>, Bool) {
        var wasProbed = false
        do throws(ProbeFailure) {
            let value = try cache.verdict(on: key) { () throws(ProbeFailure) in
                wasProbed = true
                return try result.get()
            }
            return (.success(value), wasProbed)
        } catch {
            return (.failure(error), wasProbed)
        }
    }

    @Test func probesTheSameKeyOnce() {
        #expect(verdict("a", .success(1)) == (.success(1), true))
        #expect(verdict("a", .success(2)) == (.success(1), false))
        #expect(cache.counts == CacheCounts(hits: 1, misses: 1))
    }

    @Test func cachesARefusal() {
        let refusal = ProbeFailure.refused("crashed")
        #expect(verdict("a", .failure(refusal)) == (.failure(refusal), true))
        #expect(verdict("a", .success(1)) == (.failure(refusal), false))
    }

    @Test(arguments: [
        ProbeFailure.timedOut("did not return"), .failed("no descriptor left"),
        .notCreated(CreationFailure([OptionRefusal(path: "root", message: "no such folder")])),
    ])
    func doesNotCacheATemporaryFailure(_ failure: ProbeFailure) {
        #expect(verdict("a", .failure(failure)) == (.failure(failure), true))
        #expect(verdict("a", .success(1)) == (.success(1), true))
    }

    @Test func forgetsTheOldest() {
        for (index, key) in ["a", "b", "c", "d"].enumerated() { _ = verdict(key, .success(index)) }
        #expect(verdict("b", .success(9)) == (.success(1), false))
        #expect(verdict("a", .success(9)) == (.success(9), true))
        #expect(verdict("b", .success(9)) == (.success(9), true), "it was dropped to make room for a")
    }
}
