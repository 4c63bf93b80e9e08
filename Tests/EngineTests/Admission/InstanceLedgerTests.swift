import Testing

@testable import Engine

/// The count that keeps an instance from being destroyed.
@Suite struct InstanceLedgerTests {
    private func ledger() -> InstanceLedger { InstanceLedger(label: 0, faults: FaultMonitor(FaultPolicy()) { 0 }) }

    @Test func aClosedLedgerAcceptsNothingUntilItIsReopened() {
        let ledger = ledger()
        #expect(ledger.isEmpty && ledger.enter() && !ledger.isEmpty)
        #expect(!ledger.close(), "something is outstanding")
        #expect(!ledger.enter())
        ledger.leave()
        #expect(ledger.isEmpty && ledger.close())
        ledger.reopen()
        #expect(ledger.enter())
        ledger.leave()
    }

    /// Once `close` reports that nothing is outstanding, nothing enters until the ledger is reopened.
    @Test func concurrentCloseAndEnterAgree() {
        let ledger = ledger()
        let roles = Tally()
        let inside = Tally()
        let (entered, closed) = (Tally(), Tally())
        onThreads(4) {
            if roles.add(1) == 1 {
                while closed.value < 200 || entered.value < 200 {
                    if ledger.close() {
                        for _ in 0..<20 { #expect(inside.value == 0) }
                        _ = closed.add(1)
                    }
                    ledger.reopen()
                }
                return
            }
            while closed.value < 200 || entered.value < 200 {
                guard ledger.enter() else { continue }
                _ = inside.add(1)
                _ = entered.add(1)
                _ = inside.add(-1)
                ledger.leave()
            }
        }
        #expect(ledger.isEmpty && entered.value > 0)
    }
}
