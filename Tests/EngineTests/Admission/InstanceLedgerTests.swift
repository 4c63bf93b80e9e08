import Testing

@testable import Engine

/// What keeps an instance from its end.
@Suite struct InstanceLedgerTests {
    private func ledger() -> InstanceLedger { InstanceLedger(label: 0, faults: FaultMonitor(FaultPolicy()) { 0 }) }

    @Test func aClosedLedgerTakesNothingUntilItIsOpenedAgain() {
        let ledger = ledger()
        #expect(ledger.isEmpty && ledger.enter() && !ledger.isEmpty)
        #expect(!ledger.close(), "something is expected")
        #expect(!ledger.enter())
        ledger.leave()
        #expect(ledger.isEmpty && ledger.close())
        ledger.reopen()
        #expect(ledger.enter())
        ledger.leave()
    }

    /// Once it says that nothing is expected, nothing comes until it is opened again.
    @Test func closingAndEnteringAtOnceAgree() {
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
