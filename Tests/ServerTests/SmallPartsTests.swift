import Instances
import PluginHost
import Synchronization
import Testing

@testable import Engine
@testable import Host
@testable import Server

@Suite struct ReceiptSummaryTests {
    private func summary(
        _ result: Receipt.Result, _ cause: Receipt.Cause = .reload, abortReason: String? = nil,
        listener: String = "http"
    ) -> String {
        Receipt(
            cause: cause, abortReason: abortReason, sequence: 7, result: result,
            entries: [Receipt.Entry(listener: listener, outcome: .swapped, detail: "")]
        ).summary
    }

    @Test func reportsTheResultOfAReload() {
        #expect(summary(.done) == "reload 7 done")
        #expect(summary(.partial) == "reload 7 done in part")
        #expect(summary(.refused) == "reload 7 refused, nothing has changed")
    }

    @Test func namesTheListenerOfARollbackAndOfATrial() {
        #expect(summary(.done, .rollback) == "rollback of http done")
        #expect(summary(.done, .trial) == "trial of http passed: the new generation has taken over")
        #expect(
            summary(.done, .trial, abortReason: "2 faults")
                == "trial of http aborted: 2 faults; the previous generation has all connections again")
    }

    @Test func aReceiptWithoutEntriesHasASummaryToo() {
        #expect(Receipt(cause: .rollback, result: .refused, entries: []).summary.hasPrefix("rollback of "))
    }

    @Test func everyResultExceptDoneIsRefused() {
        #expect(!Receipt(result: .done, entries: []).isRefused)
        #expect(Receipt(result: .partial, entries: []).isRefused)
        #expect(Receipt(result: .refused, entries: []).isRefused)
    }
}

@Suite struct CallbackWatchTests {
    /// The n-th callback of a thread.
    private func observation(_ number: Int) -> RunningCallback.Observation? {
        let running = UnsafeMutablePointer<RunningCallback>.allocate(capacity: 1)
        defer { running.deallocate() }
        running.initialize(to: RunningCallback())
        for _ in 0..<number {
            running.pointee.begin(.received, 5)
            running.pointee.end()
        }
        running.pointee.begin(.received, 5)
        return running.pointee.observation
    }

    @Test func aCallbackThatContinuesIsFoundOnce() {
        var watch = CallbackWatch()
        let running = observation(1)
        #expect(watch.look(thread: 0, running, at: 100, limit: 50) == nil)
        #expect(watch.look(thread: 0, running, at: 149, limit: 50) == nil)
        #expect(watch.look(thread: 0, running, at: 150, limit: 50)?.duration == 50)
        #expect(watch.look(thread: 0, running, at: 900, limit: 50) == nil)
    }

    @Test func anotherCallbackStartsFromZero() {
        var watch = CallbackWatch()
        #expect(watch.look(thread: 0, observation(1), at: 100, limit: 50) == nil)
        #expect(watch.look(thread: 0, observation(2), at: 160, limit: 50) == nil, "another callback of the same kind")
        #expect(watch.look(thread: 0, nil, at: 170, limit: 50) == nil)
        #expect(watch.look(thread: 0, observation(2), at: 300, limit: 50) == nil)
        #expect(watch.look(thread: 1, observation(2), at: 400, limit: 50) == nil, "threads are told apart")
    }

    @Test func withoutALimitNothingIsFound() {
        var watch = CallbackWatch()
        let running = observation(1)
        for time in [0, 1_000, 1_000_000] as [UInt64] {
            #expect(watch.look(thread: 0, running, at: time, limit: 0) == nil)
        }
    }
}

@Suite struct OncePerTests {
    @Test func letsEachKeyPassOncePerInterval() {
        var gate = OncePer<String>(nanoseconds: 100)
        #expect(gate.pass("a", at: 0) && !gate.pass("a", at: 99) && gate.pass("b", at: 99))
        #expect(gate.pass("a", at: 100) && !gate.pass("a", at: 150))
    }
}

@Suite struct RarelyCountedTests {
    @Test func countsAgainWhenItsTimeIsOver() {
        let (rarely, always) = (RarelyCounted(everyNanoseconds: 3_600_000_000_000), RarelyCounted(everyNanoseconds: 0))
        var counted = 0
        func count() -> Int {
            counted += 1
            return counted
        }
        #expect([rarely.value(count), rarely.value(count), rarely.value(count)] == [1, 1, 1])
        #expect([always.value(count), always.value(count)] == [2, 3])
    }
}
