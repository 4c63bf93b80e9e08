import SQL
import Synchronization
import Threads

/// A database with pools that can be controlled.
protocol PooledDatabase: Database {
    /// Finishes the jobs that wait, and closes everything.
    func stop()
    /// Takes over what can change live.
    func apply(_ settings: DatabaseSettings)
    func change(_ change: DatabaseChange)
    /// On a thread of the caller's own. Takes as long as it takes.
    func perform(_ work: DatabaseWork, _ task: DatabaseTask) throws(DatabaseError) -> DatabaseTaskReport.State
    var report: DatabaseReport { get }
}

/// The databases of a host. They belong to no plugin, so a new version of one finds their connections open.
///
/// A pool is opened when a plugin first asks for it: a file of SQLite that plugins of two hosts use is an error that the second one sees.
package final class Databases: DatabaseDirectory {
    private struct State {
        var settings: [String: DatabaseSettings] = [:]
        var open: [String: any PooledDatabase] = [:]
        var tasks: [Int: DatabaseTask] = [:]
        var lastTask = 0
        var isStopping = false
    }

    private let state = Mutex(State())
    package let cursors = CursorDirectory(first: .random(in: 1...1 << 62))

    package init(_ settings: [DatabaseSettings] = []) { apply(settings) }

    /// Takes over what can change live. A pool whose place has changed goes on with the old one until the host is renewed.
    package func apply(_ settings: [DatabaseSettings]) {
        let open = state.withLock { state in
            state.settings = Dictionary(settings.map { ($0.name, $0) }) { $1 }
            return Array(state.open.values)
        }
        for database in open {
            if let new = settings.first(where: { $0.name == database.name }) { database.apply(new) }
        }
    }

    package func database(_ name: String) throws(DatabaseError) -> (any Database)? {
        try state.withLock { state throws(DatabaseError) in
            if let known = state.open[name] { return known }
            guard !state.isStopping, let settings = state.settings[name] else { return nil }
            let made = try Self.open(settings)
            state.open[name] = made
            return made
        }
    }

    private static func open(_ settings: DatabaseSettings) throws(DatabaseError) -> any PooledDatabase {
        do throws(SystemError) {
            switch settings.place {
            case .sqlite(let path): return try SQLiteDatabase(settings, path: path)
            case .mariaDB(let server): return try MariaDBDatabase(settings, server)
            }
        } catch {
            throw DatabaseError(.busy, code: error.errno, "no thread can be started: \(error)")
        }
    }

    package var reports: [DatabaseReport] {
        state.withLock { Array($0.open.values) }.map(\.report).sorted { $0.name < $1.name }
    }

    /// False: no pool of this name is open.
    package func change(_ name: String, _ change: DatabaseChange) -> Bool {
        guard let database = state.withLock({ $0.open[name] }) else { return false }
        database.change(change)
        return true
    }

    // MARK: Tasks

    private static let taskLimit = 8

    /// Begins long work, or asks about it. nil: no pool of this name is open.
    package func ask(
        _ question: DatabaseTaskQuestion, of name: String
    ) throws(DatabaseTaskProblem) -> DatabaseTaskReport? {
        switch question {
        case .begin(let work): return try begin(work, name)
        case .look(let number): return try task(number).look()
        case .cancel(let number):
            let task = try task(number)
            task.cancel()
            return task.look()
        }
    }

    private func task(_ number: Int) throws(DatabaseTaskProblem) -> DatabaseTask {
        guard let task = state.withLock({ $0.tasks[number] }) else {
            throw DatabaseTaskProblem("the host knows nothing of it: it was renewed or has crashed meanwhile")
        }
        return task
    }

    private func begin(_ work: DatabaseWork, _ name: String) throws(DatabaseTaskProblem) -> DatabaseTaskReport? {
        guard let database = state.withLock({ $0.open[name] }) else { return nil }
        let (task, ended) = try state.withLock { state throws(DatabaseTaskProblem) in
            let ended = state.tasks.filter { $0.value.isOver }
            for number in ended.keys { state.tasks[number] = nil }
            if state.isStopping { throw DatabaseTaskProblem("the host is ending") }
            let running = state.tasks.values.count { $0.isRunning }
            guard running < Self.taskLimit else {
                throw DatabaseTaskProblem("\(running) backups and checks are running already")
            }
            state.lastTask += 1
            let task = DatabaseTask(state.lastTask)
            state.tasks[state.lastTask] = task
            return (task, Array(ended.values))
        }
        for task in ended { task.stop() }
        do throws(SystemError) {
            try task.start { task throws(DatabaseError) in try database.perform(work, task) }
        } catch {
            let number = task.look().number
            state.withLock { $0.tasks[number] = nil }
            throw DatabaseTaskProblem("no thread can be started: \(error)")
        }
        return task.look()
    }

    /// Finishes the jobs that wait, cancels the tasks, and closes everything. Not on a thread of a database.
    package func stop() {
        let (open, tasks) = state.withLock { state in
            state.isStopping = true
            return (Array(state.open.values), Array(state.tasks.values))
        }
        for task in tasks { task.cancel() }
        for task in tasks { task.stop() }
        for database in open { database.stop() }
    }
}
