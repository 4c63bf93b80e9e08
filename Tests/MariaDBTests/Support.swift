import Foundation
import PrivateMariaDB
import SQL
import Testing

@testable import MariaDB

enum Value: Equatable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case bytes([UInt8])

    init(_ view: ValueView) {
        self =
            switch view {
            case .null: .null
            case .integer(let number): .integer(number)
            case .real(let number): .real(number)
            case .text(let text): .text(String(decoding: text, as: UTF8.self))
            case .bytes(let bytes): .bytes(Array(bytes))
            }
    }
}

extension ValueList {
    init(_ values: [Value]) {
        self.init()
        for value in values {
            switch value {
            case .null: append(.null)
            case .integer(let number): append(.integer(number))
            case .real(let number): append(.real(number))
            case .text(let text): append(text)
            case .bytes(let bytes): append(bytes)
            }
        }
    }
}

extension StatementResult {
    var rows: [[Value]] {
        var rows: [[Value]] = []
        values.visit { (index, view) in
            if index % columns.count == 0 { rows.append([]) }
            rows[rows.count - 1].append(Value(view))
        }
        return rows
    }
}

/// As a pool numbers them.
private let numbers = StatementNumbers()

extension MariaDBConnection {
    @discardableResult
    func run(
        _ text: String, _ parameters: [Value] = [], limit: Int = 100_000_000
    ) throws(DatabaseError) -> StatementResult {
        try run(Command(numbers.statement(text), ValueList(parameters)), RunLimits(resultBytes: limit))
    }

    @discardableResult
    func ask(_ text: String, _ parameters: [Value] = []) throws(DatabaseError) -> [[Value]] {
        try run(text, parameters).rows
    }

    /// The error of a statement that must fail.
    func failure(
        _ text: String, _ parameters: [Value] = [], limit: Int = 100_000_000,
        at location: SourceLocation = #_sourceLocation
    ) throws -> DatabaseError {
        let error = #expect(throws: DatabaseError.self, sourceLocation: location) {
            try run(text, parameters, limit: limit)
        }
        return try #require(error, sourceLocation: location)
    }

    /// As the server names it.
    var number: Int64 {
        get throws {
            guard case .integer(let number) = try ask("SELECT CONNECTION_ID()")[0][0] else { return 0 }
            return number
        }
    }
}

extension DatabaseError {
    /// Its class and number.
    func has(_ kind: Class, _ code: Int32) -> Bool { self.kind == kind && self.code == code }
}

/// A connection to a new database of the server that tests share.
func connectToNewDatabase() throws -> MariaDBConnection {
    try MariaDBConnection(PrivateMariaDB.shared.get().makeDatabase())
}

/// Something that another thread does.
final class Background<Outcome>: @unchecked Sendable {
    private var outcome: Result<Outcome, any Error>?
    private let finished = DispatchSemaphore(value: 0)

    init(_ body: @escaping () throws -> Outcome) {
        nonisolated(unsafe) let body = body
        let thread = Thread {
            self.outcome = Result { try body() }
            self.finished.signal()
        }
        thread.start()
    }

    /// Waits for its end.
    func value() throws -> Outcome {
        try #require(finished.wait(timeout: .now() + 60) == .success)
        return try outcome!.get()
    }
}

/// Waits until a condition holds.
///
/// - Parameter milliseconds: how often to look.
func wait(
    every milliseconds: UInt32 = 1, for condition: () throws -> Bool, at location: SourceLocation = #_sourceLocation
) throws {
    let end = Date().addingTimeInterval(60)
    while try !condition() {
        try #require(Date() < end, sourceLocation: location)
        usleep(milliseconds * 1_000)
    }
}

/// What a function returns, and how long it takes.
func measure<Outcome>(_ body: () throws -> Outcome) rethrows -> (Outcome, Duration) {
    let start = ContinuousClock.now
    return (try body(), ContinuousClock.now - start)
}
