import DatabasePools
import SQL
import SQLite
import Synchronization
import Threads

/// A file of SQLite: one thread that writes for all, and a pool of connections that read.
final class SQLiteDatabase: PooledDatabase {
    let name: String
    let dialect = SQLDialect.sqlite
    private let path: String
    private let writer: SQLiteWriter
    private let readers: SessionPool
    private let numbers = StatementNumbers()
    private let acquireNanoseconds: Atomic<UInt64>

    init(_ settings: DatabaseSettings, path: String) throws(SystemError) {
        name = settings.name
        self.path = path
        acquireNanoseconds = Atomic(settings.pool.acquireNanoseconds)
        var own = SQLiteSettings()
        own.queueLimit = settings.pool.queueLimit
        own.resultLimit = settings.pool.resultLimit
        own.statementNanoseconds = settings.pool.statementNanoseconds
        let writer = SQLiteWriter(path, own)
        self.writer = writer
        readers = try SessionPool(name: "sqlite-reader", settings.pool) { () throws(DatabaseError) in
            try writer.waitUntilReadable()
            return try SQLiteReader(path)
        }
        try writer.start()
        readers.start()
    }

    func statement(_ text: String) -> Statement { numbers.statement(text) }

    func submit(_ job: Job) -> DatabaseError? {
        if job.isQuery { return readers.submit(job) }
        var job = job
        let patience = acquireNanoseconds.load(ordering: .relaxed)
        job.deadline = min(job.deadline, readMonotonicClock().adding(saturating: patience))
        return writer.submit(job)
    }

    func stop() {
        // Those who wait for the file to be opened hear of the end first.
        writer.stop()
        readers.stop()
    }

    func apply(_ settings: DatabaseSettings) {
        acquireNanoseconds.store(settings.pool.acquireNanoseconds, ordering: .relaxed)
        readers.apply(settings.pool)
    }

    func change(_ change: DatabaseChange) { readers.change(change) }

    func perform(_ work: DatabaseWork, _ task: DatabaseTask) throws(DatabaseError) -> DatabaseTaskReport.State {
        try writer.waitUntilReadable()
        switch work {
        case .backup(let destination, let replaces):
            let backup = SQLiteBackup(of: path, to: destination, replaces: replaces)
            return .copied(
                bytes: try backup.run { done, total throws(DatabaseError) in try task.note(done, of: total) })
        case .checkIntegrity: return .checked(problems: try SQLiteCheck(path).run { task.goesOn })
        }
    }

    var report: DatabaseReport {
        var report = DatabaseReport(name: name, kind: "sqlite")
        report.add(readers)
        let counts = writer.counts
        report.jobs += counts.jobs
        report.failures += counts.failures
        report.commits = counts.commits
        report.waiting += writer.waiting
        if let running = writer.running { report.running.insert(DatabaseReport.Running(running), at: 0) }
        switch writer.currentState {
        case .open: break
        case .opening: report.state = "opening"
        case .locked(let error): (report.state, report.problem) = ("locked", error.text)
        case .away(let error): (report.state, report.problem) = ("away", error.text)
        }
        return report
    }
}
