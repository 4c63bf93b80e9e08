import Synchronization
import Testing

@testable import SQL

@Suite struct JobTests {
    private let log = Log()

    @Test func thoseWhoSleepAreWokenOnceAfterTheirAnswers() {
        let (first, second) = (Sleeping("first", log), Sleeping("second", log))
        let jobs = [first, first, nil, second, second, first].enumerated().map { index, sleeper in
            job("\(index)", for: sleeper)
        }
        Job.answer(jobs, jobs.map { _ in .success([]) })
        #expect(log.entries == ["0", "1", "first", "2", "3", "4", "second", "5", "first"])
    }

    @Test func aSingleAnswerWakesToo() {
        job("answer", for: Sleeping("sleeper", log)).answer(.success([]))
        job("another", for: nil).answer(.success([]))
        #expect(log.entries == ["answer", "sleeper", "another"])
    }

    private func job(_ name: String, for sleeper: Sleeping?) -> Job {
        var job = Job([]) { [log] _ in log.add(name) }
        job.sleeper = sleeper
        return job
    }

    private final class Log: Sendable {
        private let all = Mutex<[String]>([])
        var entries: [String] { all.withLock { $0 } }
        func add(_ entry: String) { all.withLock { $0.append(entry) } }
    }

    private final class Sleeping: Sleeper {
        private let (name, log): (String, Log)
        init(_ name: String, _ log: Log) { (self.name, self.log) = (name, log) }
        func wake() { log.add(name) }
    }
}
