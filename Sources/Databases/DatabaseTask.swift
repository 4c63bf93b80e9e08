import SQL
import Synchronization
import Threads

/// Something long that a database is asked for from outside.
package enum DatabaseWork: Codable, Sendable, Equatable {
    /// A copy of a file of SQLite. The path is absolute.
    case backup(path: String, replaces: Bool)
    /// Whether a file of SQLite is in order.
    case checkIntegrity
}

/// What is asked about such work. Whoever has begun it looks after it: without a look for `DatabaseTask.patienceNanoseconds` it is cancelled.
package enum DatabaseTaskQuestion: Codable, Sendable, Equatable {
    case begin(DatabaseWork)
    /// The number is that of the report.
    case look(number: Int)
    case cancel(number: Int)
}

/// How far it is.
package struct DatabaseTaskReport: Codable, Sendable, Equatable {
    package enum State: Codable, Sendable, Equatable {
        case running
        /// A backup: its size in bytes.
        case copied(bytes: UInt64)
        /// What is wrong; empty: nothing.
        case checked(problems: [String])
        case failed(DatabaseError)
    }

    package var number: Int
    package var state = State.running
    /// Bytes, of a backup.
    package var done: UInt64 = 0
    package var total: UInt64 = 0
    package var seconds = 0.0

    package var isRunning: Bool { state == .running }
}

/// Why a backup or a check of a database was not begun, or is not known.
package struct DatabaseTaskProblem: Error, Codable {
    package let text: String

    package init(_ text: String) { self.text = text }
}

/// Work that runs on a thread of its own, with a connection of its own: those of the pool stay free.
final class DatabaseTask: Sendable {
    private struct State {
        var report: DatabaseTaskReport
        var began = readMonotonicClock()
        var looked = readMonotonicClock()
        var isCancelled = false
        var thread: NamedThread?
    }

    /// Whoever has begun it is gone then.
    static let patienceNanoseconds: UInt64 = 30_000_000_000

    private let state: Mutex<State>

    init(_ number: Int) { state = Mutex(State(report: DatabaseTaskReport(number: number))) }

    typealias Body = @Sendable (DatabaseTask) throws(DatabaseError) -> DatabaseTaskReport.State

    func start(_ body: @escaping Body) throws(SystemError) {
        let thread = try NamedThread(name: "database-task") { [self] in
            let result: DatabaseTaskReport.State
            do throws(DatabaseError) {
                result = try body(self)
            } catch {
                result = .failed(goesOn ? error : Self.cancelled)
            }
            state.withLock { state in
                state.report.seconds = Double(readMonotonicClock() - state.began) / 1e9
                state.report.state = result
            }
        }
        state.withLock { $0.thread = thread }
    }

    /// For those who want to know how far it is.
    func look() -> DatabaseTaskReport {
        state.withLock { state in
            state.looked = readMonotonicClock()
            if state.report.isRunning { state.report.seconds = Double(state.looked - state.began) / 1e9 }
            return state.report
        }
    }

    var isRunning: Bool { state.withLock { $0.report.isRunning } }

    /// It has ended, and whoever has begun it knows, or is gone.
    var isOver: Bool {
        state.withLock { !$0.report.isRunning && readMonotonicClock() - $0.looked >= Self.patienceNanoseconds }
    }

    func cancel() { state.withLock { $0.isCancelled = true } }

    /// Waits for its thread. Once; not on a thread of a database.
    func stop() {
        cancel()
        let thread = state.withLock { state in
            defer { state.thread = nil }
            return state.thread
        }
        thread?.join()
    }

    // MARK: For the work

    static let cancelled = DatabaseError(.undone, "it was cancelled")

    var goesOn: Bool {
        state.withLock { !$0.isCancelled && readMonotonicClock() - $0.looked < Self.patienceNanoseconds }
    }

    func note(_ done: UInt64, of total: UInt64) throws(DatabaseError) {
        state.withLock { ($0.report.done, $0.report.total) = (done, total) }
        guard goesOn else { throw Self.cancelled }
    }
}
