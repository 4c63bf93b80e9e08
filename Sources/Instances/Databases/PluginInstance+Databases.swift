import CMartlet
import Engine
import PluginABI
import SQL
import Threads

/// `martlet.database/1`
extension PluginInstance {
    func openDatabase(_ name: String) -> martlet_database {
        if isOutsideCreate("open") { return MARTLET_ERROR_CLOSED }
        do throws(DatabaseError) {
            if let database = try databases.database(name) {
                return martlet_database(openDatabases.withLock { $0.add(database) })
            }
            refuse("", "there is no database \"\(name)\": martlet.toml has no table [databases.\(name)]")
        } catch {
            refuse("", "database \"\(name)\": \(error.text)")
        }
        return MARTLET_ERROR_ARGUMENT
    }

    func prepare(_ database: martlet_database, _ text: String) -> martlet_statement {
        if isOutsideCreate("prepare") { return MARTLET_ERROR_CLOSED }
        return openDatabases.withLock { open in
            guard open.database(Int(database)) != nil else { return MARTLET_ERROR_ARGUMENT }
            return martlet_statement(open.add(text, to: Int(database)))
        }
    }

    func database(_ number: Int) -> (any Database)? { openDatabases.withLock { $0.database(number) } }

    func execute(
        _ commands: [Command], of database: Int, _ call: martlet_database_call
    ) -> martlet_result {
        submit(.commands(commands), to: database, call)
    }

    func transact(
        _ function: @escaping martlet_transact, in database: Int, _ call: martlet_database_call
    ) -> martlet_result {
        // A plugin's memory: the plugin says that any thread may use it.
        nonisolated(unsafe) let context = call.context
        let work = Job.Work.transaction { [self] runner throws(DatabaseError) in
            let transaction = OpenTransaction(self, database, runner)
            let handle = OpaquePointer(Unmanaged.passUnretained(transaction).toOpaque())
            let result = engine.publish(.transact, label) {
                withExtendedLifetime(transaction) { function(handle, context) }
            }
            guard result == MARTLET_OK else {
                throw DatabaseError(.undone, code: result, "the plugin has undone it")
            }
        }
        return submit(work, to: database, call)
    }

    private func submit(_ work: Job.Work, to number: Int, _ call: martlet_database_call) -> martlet_result {
        guard let database = database(number) else { return MARTLET_ERROR_ARGUMENT }
        return promise(call) { promised in
            var job = Job(work, isQuery: call.flags & MARTLET_EXECUTE_QUERY != 0) { promised.answer.leave($0) }
            job.sleeper = promised.loop
            job.origin = Job.Origin(label: label, connection: call.connection)
            submit(&job, to: database, call)
            return MARTLET_OK
        }
    }

    func submit(_ job: inout Job, to database: any Database, _ call: martlet_database_call) {
        if let end = call.end { (job.end, job.deadline) = (end, end) }
        if let error = database.submit(job) { job.answer(.failure(error)) }
    }

    // MARK: Answers

    /// An answer that the plugin will get.
    struct Promise: Sendable {
        fileprivate let answer: PendingAnswer
        fileprivate let loop: EventLoop

        /// Exactly once, on any thread.
        func keep(_ outcome: Job.Outcome) {
            answer.leave(outcome)
            loop.wake()
        }
    }

    /// Reserves the place of an answer in the mailbox of a loop, because it must not be lost.
    ///
    /// - Parameter body: asks the database. Unless it returns OK, it does not keep the promise.
    func promise(
        _ call: martlet_database_call, of cursor: OpenCursor? = nil, _ body: (Promise) -> martlet_result
    ) -> martlet_result {
        let connection = ConnectionID(rawValue: call.connection)
        guard let loop = engine.loop(of: connection) else { return MARTLET_ERROR_ARGUMENT }
        guard ledger.enter() else { return MARTLET_ERROR_STOPPING }
        let answer = PendingAnswer(call.answered, call.context, cursor, on: loop)
        guard answer.reserve(for: connection, ledger) else { return MARTLET_ERROR_BUSY }
        engine.await(connection)
        let result = body(Promise(answer: answer, loop: loop))
        if result != MARTLET_OK {
            engine.awaitNoMore(connection)
            answer.withdraw()
        }
        return result
    }

    // MARK: Migrations

    func migrate(_ database: martlet_database, _ schema: String, _ steps: [String]) -> martlet_result {
        if isOutsideCreate("migrate") { return MARTLET_ERROR_CLOSED }
        guard let database = self.database(Int(database)), !schema.isEmpty else { return MARTLET_ERROR_ARGUMENT }
        let migration = Migration(database, schema, steps)
        do throws(Migration.Problem) {
            // As calls in a driven engine, which have no deadline.
            try migration.run(
                by: engine.isDriven ? Deadline(nanoseconds: .max) : .after(nanoseconds: settings.callNanoseconds))
            return MARTLET_OK
        } catch {
            refuse("", "database \"\(database.name)\", schema \"\(schema)\": \(error.text)")
            return error.isNewer ? MARTLET_ERROR_UNSUPPORTED : MARTLET_ERROR_BUSY
        }
    }

    // MARK: Reading commands

    /// nil: the statement or a value does not fit.
    func read(_ command: martlet_command) -> (command: Command, database: Int)? {
        guard let declared = openDatabases.withLock({ $0.statement(Int(command.statement)) }),
            let values = ValueList(of: command)
        else { return nil }
        return (Command(declared.statement, values), declared.database)
    }
}

extension martlet_database_call {
    /// When it must be done: CLOCK_MONOTONIC, nanoseconds; nil: as the database says.
    var end: UInt64? {
        timeout_milliseconds == 0 ? nil : readMonotonicClock() + UInt64(timeout_milliseconds) * 1_000_000
    }
}

extension ValueList {
    /// nil: a value has no known kind.
    fileprivate init?(of command: martlet_command) {
        self.init()
        guard command.value_count > 0 else { return }
        guard let values = command.values else { return nil }
        let all = UnsafeBufferPointer(start: values, count: Int(command.value_count))
        reserve(bytes: all.reduce(0) { $0 &+ (10 + Int(truncatingIfNeeded: $1.text.data == nil ? 0 : $1.text.length)) })
        for value in all {
            let bytes = UnsafeRawBufferPointer(
                start: value.text.data, count: value.text.data == nil ? 0 : value.text.length)
            switch value.kind {
            case MARTLET_SQL_NULL: append(.null)
            case MARTLET_SQL_INTEGER: append(.integer(value.integer))
            case MARTLET_SQL_REAL: append(.real(value.real))
            case MARTLET_SQL_TEXT: append(.text(bytes))
            case MARTLET_SQL_BYTES: append(.bytes(bytes))
            default: return nil
            }
        }
    }
}
