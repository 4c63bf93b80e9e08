import PrivateMariaDB
import SQL
import Testing

@testable import MariaDB

/// Rows in batches, on one connection.
@Suite struct ReadTests {
    private let connection: MariaDBConnection
    private let numbers = StatementNumbers()

    init() throws { connection = try connectToNewDatabase() }

    /// - Parameter last: only so many batches are wanted.
    private func read(
        _ text: String, batchBytes: Int, atMost last: Int = .max
    ) throws(DatabaseError) -> [StatementResult] {
        var batches: [StatementResult] = []
        let limits = RunLimits(resultBytes: 1 << 20, readsOnly: true)
        let rest = try connection.read(Command(numbers.statement(text)), limits, batchBytes: batchBytes) { batch in
            batches.append(batch)
            return batches.count < last ? limits : nil
        }
        return batches.count < last ? batches + [rest] : batches
    }

    private func run(_ text: String) throws(DatabaseError) -> Int {
        try connection.run(Command(numbers.statement(text)), RunLimits(resultBytes: 1 << 20)).rowCount
    }

    @Test func aStatementIsReadAndRunInTurns() throws {
        let text = "SELECT seq FROM seq_1_to_3"
        for _ in 0..<3 {
            #expect(try read(text, batchBytes: 1).map(\.rowCount) == [1, 1, 1])
            #expect(try read(text, batchBytes: 1 << 20).map(\.rowCount) == [3])
            #expect(try run(text) == 3)
            #expect(try read(text, batchBytes: 1, atMost: 2).map(\.rowCount) == [1, 1])
            #expect(try run(text) == 3)
            #expect(try run("SELECT 1") == 1)
        }
        #expect(!connection.isBroken)
    }

    @Test func aRowThatIsTooLargeLeavesTheConnectionUsable() throws {
        let text = "SELECT 'a' UNION ALL SELECT 'b' UNION ALL SELECT REPEAT('x', 2000000)"
        for _ in 0..<3 {
            let error = #expect(throws: DatabaseError.self) { try read(text, batchBytes: 1) }
            #expect(error?.kind == .tooLarge)
            #expect(try run("SELECT 1") == 1)
        }
        #expect(!connection.isBroken)
    }

    @Test func aBatchWithoutTimeIsNotRead() throws {
        let command = Command(numbers.statement("SELECT seq FROM seq_1_to_10"))
        let error = #expect(throws: DatabaseError.self) {
            try connection.read(command, RunLimits(resultBytes: 1_000, readsOnly: true), batchBytes: 1) { _ in
                RunLimits(resultBytes: 1_000, deadline: 1, readsOnly: true)
            }
        }
        #expect(error?.kind == .timeout && !connection.isBroken)
        #expect(try run("SELECT 1") == 1)
    }

    @Test func earlyEndsLeaveNoStatementsOnTheServer() throws {
        for _ in 0..<100 { _ = try read("SELECT seq FROM seq_1_to_100", batchBytes: 1, atMost: 1) }
        #expect(connection.prepared.isEmpty)
        _ = try read("SELECT seq FROM seq_1_to_100", batchBytes: 1)
        #expect(try run("SELECT seq FROM seq_1_to_100") == 100)
        #expect(connection.prepared.count == 2)
    }

    @Test func fewRowsAreFetchedWhileTheyMayBeLarge() {
        var pace = FetchPace(batchBytes: 64 << 10)
        #expect(pace.rows == 4)
        var numbers: [Int] = []
        for _ in 0..<2_000 where pace.note(rowBytes: 100) { numbers.append(pace.rows) }
        #expect(numbers == [16, 64, 256])
        numbers = []
        for _ in 0..<2_000 where pace.note(rowBytes: 1 << 20) { numbers.append(pace.rows) }
        #expect(numbers == [1])
    }
}
