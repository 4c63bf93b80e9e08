import Synchronization
import Testing
import Threads

@Suite struct TaskThreadTests {
    private final class Order: Sendable {
        let numbers = Mutex<[Int]>([])
        func add(_ number: Int) { numbers.withLock { $0.append(number) } }
    }

    @Test func tasksRunInOrderAlsoAfterAPause() {
        let thread = TaskThread(name: "tasks")
        let order = Order()
        for round in 0..<3 {
            for number in 0..<50 { thread.run { order.add(round * 50 + number) } }
            #expect(thread.finish(by: .after(milliseconds: 10_000)))
        }
        #expect(order.numbers.withLock { $0 } == Array(0..<150))
    }

    @Test func aTaskThatStillRunsAtTheDeadlineIsReported() {
        let thread = TaskThread(name: "tasks")
        #expect(thread.finish(by: .after(milliseconds: 0)), "nothing was asked for")
        let (gate, began) = (Reply<Bool>(), Reply<Bool>())
        thread.run {
            began.set(true)
            _ = gate.wait()
        }
        _ = began.wait()
        #expect(!thread.finish(by: .after(milliseconds: 20)))
        gate.set(true)
        #expect(thread.finish(by: .after(milliseconds: 10_000)))
    }
}
