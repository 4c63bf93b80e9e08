import SQL
import Testing

@testable import MariaDB

@Suite struct ValueTests {
    let connection: MariaDBConnection

    init() throws { connection = try connectToNewDatabase() }

    /// What comes back of a value that was stored in a column of a type.
    private func store(_ value: Value, as type: String) throws -> Value {
        try connection.ask("CREATE OR REPLACE TABLE t (v \(type))")
        try connection.ask("INSERT INTO t VALUES (?)", [value])
        return try connection.ask("SELECT v FROM t /* \(type) */")[0][0]
    }

    @Test func keepsIntegers() throws {
        for type in ["TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "TINYINT UNSIGNED", "BIGINT UNSIGNED"] {
            #expect(try store(.integer(127), as: type) == .integer(127), "\(type)")
        }
        for type in ["TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT"] {
            #expect(try store(.integer(-128), as: type) == .integer(-128), "\(type)")
        }
        #expect(try store(.integer(255), as: "TINYINT UNSIGNED") == .integer(255))
        #expect(try store(.integer(65_535), as: "SMALLINT UNSIGNED") == .integer(65_535))
        #expect(try store(.integer(16_777_215), as: "MEDIUMINT UNSIGNED") == .integer(16_777_215))
        #expect(try store(.integer(4_294_967_295), as: "INT UNSIGNED") == .integer(4_294_967_295))
        #expect(try store(.integer(.min), as: "BIGINT") == .integer(.min))
        #expect(try store(.integer(.max), as: "BIGINT") == .integer(.max))
        #expect(try store(.integer(2026), as: "YEAR") == .integer(2026))
        #expect(try store(.integer(7), as: "INT(5) ZEROFILL") == .integer(7))
    }

    @Test func givesLargeUnsignedIntegersAsText() throws {
        #expect(try store(.integer(.max), as: "BIGINT UNSIGNED") == .integer(.max))
        let largest = "18446744073709551615"
        #expect(try store(.text(largest), as: "BIGINT UNSIGNED") == .text(largest))
        #expect(try connection.ask("SELECT CAST(? AS UNSIGNED)", [.text(largest)])[0][0] == .text(largest))
    }

    @Test func keepsRealNumbers() throws {
        for number in [0.1, -1.5e300, 2.5e-308, .greatestFiniteMagnitude] {
            #expect(try store(.real(number), as: "DOUBLE") == .real(number))
        }
        #expect(try store(.real(0.5), as: "FLOAT") == .real(0.5))
    }

    @Test func givesDecimalsAndTimesAsText() throws {
        let values = [
            ("DECIMAL(10,2)", "-12.50"),
            ("DECIMAL(65,30)", "12345678901234567890123456789012345.123456789012345678901234567890"),
            ("DATE", "2026-02-28"), ("DATE", "9999-12-31"), ("DATETIME", "2026-02-28 23:59:58"),
            ("DATETIME(6)", "2026-02-28 23:59:58.000001"), ("TIMESTAMP(3)", "2026-02-28 23:59:58.125"),
            ("TIME", "-838:59:59"), ("TIME(2)", "01:02:03.45"), ("JSON", #"{"a": [1, 2]}"#),
            ("UUID", "123e4567-e89b-12d3-a456-426655440000"),
            ("ENUM('a', 'b')", "b"), ("SET('a', 'b')", "a,b"), ("INET6", "2001:db8::1"),
        ]
        for (type, text) in values { #expect(try store(.text(text), as: type) == .text(text), "\(type)") }
    }

    @Test func keepsTextOfAnyLength() throws {
        for length in [0, 1, 95, 96, 97, 1_023, 1_024, 1_025, 65_535, 65_536, 1_000_000] {
            let text = String(repeating: "a", count: length)
            #expect(try store(.text(text), as: "LONGTEXT") == .text(text), "\(length) bytes")
            #expect(try connection.ask("SELECT ?, 1", [.text(text)]) == [[.text(text), .integer(1)]])
        }
        #expect(try store(.text(""), as: "VARCHAR(10)") == .text(""))
        #expect(try store(.text("a\0b"), as: "VARCHAR(10)") == .text("a\0b"))
    }

    @Test func keepsTextInUTF8() throws {
        let text = (1...127).map { String(UnicodeScalar(UInt8($0))) }.joined() + "äß€ 漢字 👩🏽‍🚀 𝄞 \u{10FFFF}"
        #expect(try store(.text(text), as: "TEXT CHARACTER SET utf8mb4") == .text(text))
        #expect(
            try connection.ask("SELECT '👩🏽‍🚀', LENGTH(?), CHAR_LENGTH(?)", [.text("𝄞"), .text("𝄞")])
                == [[.text("👩🏽‍🚀"), .integer(4), .integer(1)]])
    }

    @Test func keepsBytesOfAnyLength() throws {
        for length in [0, 1, 96, 97, 1_024, 1_025, 1_000_000] {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
            #expect(try store(.bytes(bytes), as: "LONGBLOB") == .bytes(bytes), "\(length) bytes")
        }
        #expect(try store(.bytes([0, 255, 128]), as: "VARBINARY(10)") == .bytes([0, 255, 128]))
        #expect(try store(.bytes([]), as: "VARBINARY(10)") == .bytes([]))
        #expect(try store(.bytes([5]), as: "BIT(3)") == .bytes([5]))
    }

    @Test func keepsNull() throws {
        for type in ["BIGINT", "DOUBLE", "LONGTEXT", "LONGBLOB", "DATE", "DECIMAL(3,1)"] {
            #expect(try store(.null, as: type) == .null)
        }
        #expect(try connection.ask("SELECT NULL, ?", [.null]) == [[.null, .null]])
    }

    @Test func followsTheTypesOfParameters() throws {
        for value in [Value.integer(1), .text("x"), .null, .real(2.5), .bytes([1]), .integer(2)] {
            #expect(try connection.ask("SELECT ?", [value])[0][0] == value)
        }
    }

    @Test func keepsMixedRows() throws {
        try connection.ask("CREATE TABLE t (a INT, b LONGTEXT, c BLOB, d DOUBLE)")
        let long = String(repeating: "é", count: 5_000)
        let rows: [[Value]] = [
            [.integer(1), .text(long), .bytes([1, 2]), .null],
            [.null, .null, .bytes(Array(repeating: 7, count: 3_000)), .real(1)],
            [.integer(3), .text(""), .null, .real(-0.25)],
        ]
        for row in rows { try connection.ask("INSERT INTO t VALUES (?, ?, ?, ?)", row) }
        #expect(try connection.ask("SELECT * FROM t") == rows)
    }
}
