import Synchronization
import Testing
import Threads

/// The thread that controls the server: tasks in order, delayed tasks, and tasks with an answer.
@Suite struct SerialThreadTests {
    private final class Record: Sendable {
        private let lines = Mutex<[String]>([])
        func note(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    @Test func tasksRunInTheOrderInWhichTheyWereAdded() throws {
        let (thread, record) = (try SerialThread(name: "test"), Record())
        for number in 0..<100 { thread.run { record.note("\(number)") } }
        thread.stop()
        #expect(record.all == (0..<100).map { "\($0)" }, "stopping runs what is due first")
    }

    @Test func aDelayedTaskLetsOthersPass() throws {
        let (thread, record) = (try SerialThread(name: "test"), Record())
        let gate = Reply<Bool>()
        // Tasks that are added while the thread is busy are sorted by time.
        thread.run { _ = gate.wait() }
        let done = Reply<Bool>()
        thread.run(after: 30) {
            record.note("late")
            done.set(true)
        }
        thread.run(after: 10) { record.note("soon") }
        thread.run { record.note("now") }
        gate.set(true)
        _ = done.wait()
        #expect(record.all == ["now", "soon", "late"])
        thread.stop()
    }

    @Test func aTaskThatIsNotDueAtTheStopNeverRuns() throws {
        let (thread, record) = (try SerialThread(name: "test"), Record())
        thread.run(after: 3_600_000) { record.note("in an hour") }
        thread.stop()
        #expect(record.all == [])
    }

    @Test func aTaskMayAddAnother() throws {
        let (thread, record) = (try SerialThread(name: "test"), Record())
        let done = Reply<Bool>()
        thread.run {
            thread.run {
                record.note("second")
                done.set(true)
            }
            record.note("first")
        }
        _ = done.wait()
        #expect(record.all == ["first", "second"])
        thread.stop()
    }

    @Test func askReturnsTheAnswer() throws {
        let thread = try SerialThread(name: "test")
        #expect(thread.ask { 1 } == 1)
        #expect(thread.ask(by: .after(milliseconds: 10_000)) { 2 } == 2)
        thread.stop()
    }

    @Test func aQuestionThatTimesOutStillRunsLater() throws {
        let (thread, record) = (try SerialThread(name: "test"), Record())
        let gate = Reply<Bool>()
        thread.run { _ = gate.wait() }
        let answer = thread.ask(by: .after(milliseconds: 20)) {
            record.note("asked")
            return true
        }
        #expect(answer == nil)
        #expect(record.all == [])
        gate.set(true)
        thread.stop()
        #expect(record.all == ["asked"])
    }

    /// When a caller gets its answer, the changes have been published.
    @Test func theFunctionAfterEachTaskRunsBeforeTheAnswer() throws {
        let record = Record()
        let thread = try SerialThread(name: "test") { record.note("published") }
        thread.run { record.note("task") }
        thread.ask { record.note("asked") }
        #expect(record.all.prefix(4) == ["task", "published", "asked", "published"])
        thread.stop()
    }
}
