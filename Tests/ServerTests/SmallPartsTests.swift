import HostInterface
import Instances
import PluginHost
import Synchronization
import Testing

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

@Suite struct RarelyCountedTests {
    @Test func countsAgainWhenItsTimeIsOver() {
        let (rarely, always) = (RarelyCounted(everyNanoseconds: 3_600_000_000_000), RarelyCounted(everyNanoseconds: 0))
        var counted = 0
        func count() -> Int {
            counted += 1
            return counted
        }
        #expect([rarely.value(of: 1, count), rarely.value(of: 1, count)] == [1, 1])
        #expect(rarely.value(of: 2, count) == 2)
        #expect([always.value(of: 1, count), always.value(of: 1, count)] == [3, 4])
        #expect(rarely.value(of: 1, count) == 1)
    }
}
