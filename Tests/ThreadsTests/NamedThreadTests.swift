import Glibc
import Synchronization
import Testing

@testable import Threads

@Suite struct NamedThreadTests {
    @Test(arguments: [true, false])
    func aThreadMayBeToldNotToInterruptOthers(_ interruptsOthers: Bool) throws {
        let policy = Atomic<Int32>(-1)
        let thread = try NamedThread(name: "policy", interruptsOthers: interruptsOthers) {
            policy.store(sched_getscheduler(0), ordering: .relaxed)
        }
        thread.join()
        // SCHED_OTHER and SCHED_BATCH, sched(7)
        #expect(policy.load(ordering: .relaxed) == (interruptsOthers ? 0 : 3))
    }
}
