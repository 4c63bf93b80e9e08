import SQL
import Synchronization
import Testing

/// Who asks, who answers, and how it ends, without a database.
@Suite struct CursorTests {
    /// What an asker has got.
    private final class Answers: Sendable {
        private let outcomes = Mutex<[Job.Outcome]>([])

        func add(_ outcome: Job.Outcome) { outcomes.withLock { $0.append(outcome) } }
        var all: [Job.Outcome] { outcomes.withLock { $0 } }
        var count: Int { all.count }

        /// Whether there are more rows after the last; nil: it is an error, or nothing.
        var hasMore: Bool? { (try? all.last?.get().first)?.isPartial }

        var error: DatabaseError.Class? { if case .failure(let error)? = all.last { error.kind } else { nil } }
    }

    private let answers = Answers()
    private let cursor: Cursor

    init() {
        let answers = answers
        cursor = Cursor(batchBytes: 1, origin: Job.Origin(label: 1, connection: 5)) { answers.add($0) }
    }

    private func batch(isPartial: Bool = true) -> StatementResult {
        var batch = StatementResult()
        batch.isPartial = isPartial
        return batch
    }

    private func ask(label: UInt32 = 1) -> Cursor.Refusal? { cursor.ask(label: label) { [answers] in answers.add($0) } }

    @Test func eachQuestionHasOneAnswer() {
        #expect(cursor.canBeginAgain)
        cursor.answer(.success([batch()]))
        #expect(answers.count == 1 && answers.hasMore == true && !cursor.canBeginAgain)
        #expect(ask(label: 2) == nil)
        #expect(cursor.origin == Job.Origin(label: 2, connection: 5), "it belongs to the instance that asks")
        #expect(ask() == .isAsked && answers.count == 1)
        cursor.answer(.success([batch(isPartial: false)]))
        #expect(answers.count == 2 && answers.hasMore == false)
        #expect(ask() == .isOver)
        cursor.answer(.success([batch()]))
        #expect(answers.count == 2, "nobody has asked")
    }

    @Test func keptBatchesAreGivenAtOnce() {
        cursor.keep([batch(), batch(isPartial: false)])
        cursor.answer(.success([batch()]))
        #expect(ask() == nil && answers.hasMore == true)
        #expect(!cursor.isOver)
        #expect(ask() == nil && answers.hasMore == false)
        #expect(cursor.isOver && ask() == .isOver && answers.count == 3)
    }

    @Test func aClosedCursorKeepsNothing() {
        cursor.keep([batch(isPartial: false)])
        cursor.answer(.success([batch()]))
        cursor.close()
        #expect(ask() == .isOver && answers.count == 1)
    }

    @Test func anErrorWaitsForItsAsker() {
        cursor.answer(.success([batch()]))
        cursor.interrupt(DatabaseError(.stopping, "it ends"))
        #expect(answers.count == 1 && cursor.isOver)
        #expect(ask() == nil && answers.error == .stopping)
        #expect(ask() == .isOver)
    }

    @Test func whatEndsItWhileItReadsComesAfterTheRows() {
        cursor.interrupt(DatabaseError(.away, "it is replaced"))
        cursor.answer(.success([batch()]))
        #expect(answers.hasMore == true)
        #expect(cursor.waitForQuestion(patience: 0, until: .max) == nil)
        #expect(ask() == nil && answers.error == .away)
    }

    @Test func closingIsStrongerThanAnError() {
        cursor.answer(.success([batch()]))
        cursor.interrupt(DatabaseError(.away, "it is replaced"))
        cursor.close()
        #expect(ask() == .isOver)
        let answers = Answers()
        let reading = Cursor(batchBytes: 1) { answers.add($0) }
        reading.close()
        reading.interrupt(DatabaseError(.away, "it is replaced"))
        reading.answer(.success([batch()]))
        #expect(answers.hasMore == false && reading.isOver)
    }

    @Test func itsEndComesFirstOrItsPatience() {
        cursor.answer(.success([batch()]))
        #expect(cursor.waitForQuestion(patience: 0, until: 1) == nil)
        #expect(ask() == nil && answers.error == .timeout)
    }

    // MARK: The directory

    private func cursor(_ directory: CursorDirectory, label: UInt32, connection: UInt64) -> Cursor {
        let cursor = Cursor(batchBytes: 1, origin: Job.Origin(label: label, connection: connection)) { _ in }
        directory.add(cursor)
        cursor.answer(.success([batch()]))
        return cursor
    }

    @Test func numbersAreNeverUsedAgain() {
        let directory = CursorDirectory(first: 7)
        let first = cursor(directory, label: 1, connection: 1)
        #expect(first.number == 7 && directory.find(7) === first)
        directory.remove(7)
        #expect(directory.find(7) == nil && cursor(directory, label: 1, connection: 1).number == 8)
    }

    @Test func anInstanceEndsItsCursorsOfNoConnection() {
        let directory = CursorDirectory(first: 1)
        let free = cursor(directory, label: 1, connection: 0)
        let others = [cursor(directory, label: 1, connection: 9), cursor(directory, label: 2, connection: 0)]
        directory.closeAll(of: 1)
        #expect(free.isOver && directory.find(free.number) == nil)
        #expect(others.allSatisfy { !$0.isOver && directory.find($0.number) === $0 })
    }

    @Test func forgottenCursorsDoNotFillIt() {
        let directory = CursorDirectory(first: 1)
        let open = cursor(directory, label: 1, connection: 1)
        for _ in 0..<20_000 { cursor(directory, label: 1, connection: 1).close() }
        #expect(directory.count <= 4_097 && directory.find(open.number) === open)
    }
}
