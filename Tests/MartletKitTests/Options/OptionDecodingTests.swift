import MartletKit
import MartletKitDecoding
import MartletKitTesting
import Testing

@Suite struct OptionDecodingTests {
    private func decode<T: Decodable & Sendable>(_ type: T.Type, _ options: OptionLiteral = [:]) throws -> T {
        try Reader.read(options) { try $0.decode(type) }
    }

    /// The error that `create` reports to the host for its diagnostics.
    private func problem<T: Decodable & Sendable>(_ type: T.Type, _ options: OptionLiteral = [:]) throws -> String {
        do {
            _ = try decode(type, options)
        } catch SimulationError.refused(let refusals, _) {
            let refusal = try #require(refusals.first)
            return "\(refusal.path): \(refusal.message)"
        }
        Issue.record("expected an error")
        return ""
    }

    struct Settings: Decodable, Equatable {
        enum Mode: String, Decodable, CaseIterable { case fast, safe }
        enum Level: Int, Decodable {
            case low = 1
            case high = 2
        }
        struct Room: Decodable, Equatable {
            var name: String
            var seats: UInt8?
            var rootURL: String
        }
        struct Nested: Decodable, Equatable {
            var names: [String]
            var grid: [[Int]]?
        }

        var maxMessage: Int
        var idle: Duration
        var mode: Mode
        var level: Level
        var ratio: Double
        var on: Bool
        var motd: String?
        var rooms: [Room]
        var inner: Nested
    }

    @Test func readsDefaultsAndValuesOfTheFile() throws {
        let defaults = try decode(Settings.self, ["inner": ["names": []]])
        #expect(defaults.maxMessage == 4_096)
        #expect(defaults.idle == .seconds(30))
        #expect(defaults.mode == .fast && defaults.level == .low && defaults.ratio == 0.5 && defaults.on == false)
        #expect(defaults.motd == nil && defaults.rooms == [])
        let given = try decode(
            Settings.self,
            [
                "max_message": "1KiB", "idle": "250ms", "mode": "safe", "level": 2, "ratio": 3, "on": true,
                "motd": "hi", "inner": ["names": ["a", "b"]],
                "rooms": [["name": "x", "seats": 7, "root_url": "/x"], ["name": "y", "root_url": "/y"]],
            ])
        #expect(given.maxMessage == 1_024 && given.idle == .milliseconds(250) && given.ratio == 3)
        #expect(given.mode == .safe && given.level == .high && given.on && given.motd == "hi")
        #expect(
            given.rooms == [.init(name: "x", seats: 7, rootURL: "/x"), .init(name: "y", seats: nil, rootURL: "/y")])
        #expect(given.inner.names == ["a", "b"])
    }

    @Test func namesTheOptionAndTheFoundValue() throws {
        let inner: OptionLiteral = ["names": []]
        #expect(
            try problem(Settings.self, ["level": 9, "inner": inner]).hasPrefix("level: Cannot initialize"))
        #expect(
            try problem(Settings.self, ["mode": "slow", "inner": inner])
                == "mode: expected one of \"fast\", \"safe\", found \"slow\"")
        #expect(
            try problem(Settings.self, ["rooms": [["name": "x", "root_url": ""], ["name": "y", "seats": 300]]])
                == "rooms[1].seats: expected 0 to 255, found 300")
        #expect(
            try problem(Settings.self, ["rooms": [["name": "x"]], "inner": inner])
                == "rooms[0].root_url: is not set, and has no default")
        // A table that the file does not set is filled in.
        #expect(try problem(Settings.self) == "inner.names: is not set, and has no default")
    }

    @Test func aTypeThatDoesNotFitIsNamed() throws {
        struct Text: Decodable { var maxMessage: String }
        #expect(try problem(Text.self) == "max_message: expected a text, found the size 4096")
        struct Whole: Decodable { var idle: Int }
        #expect(try problem(Whole.self) == "idle: expected an integer, found the duration 30.0 seconds")
        struct Time: Decodable { var level: Duration }
        #expect(try problem(Time.self) == "level: expected a duration, found 1")
        struct Table: Decodable { var mode: Settings.Nested }
        #expect(try problem(Table.self) == "mode: expected a table, found \"fast\"")
        struct List: Decodable { var on: [Bool] }
        #expect(try problem(List.self) == "on: expected a list, found false")
        struct Truth: Decodable { var ratio: Bool }
        #expect(try problem(Truth.self) == "ratio: expected a boolean, found 0.5")
        struct Element: Decodable {
            var inner: Inner
            struct Inner: Decodable { var names: [Int] }
        }
        #expect(
            try problem(Element.self, ["inner": ["names": ["a"]]])
                == "inner.names[0]: expected an integer, found \"a\"")
    }

    @Test func aTypeMayNameItsKeys() throws {
        struct Named: Decodable {
            var limit: Int
            enum CodingKeys: String, CodingKey { case limit = "max_message" }
        }
        #expect(try decode(Named.self).limit == 4_096)
        let all = try decode([String: Bool].self, only: ["on": true])
        #expect(all == ["on": true])
    }

    private func decode(_ type: [String: Bool].Type, only options: OptionLiteral) throws -> [String: Bool] {
        try Reader.read(["switches": options, "inner": ["names": []]]) {
            try $0.decode(type, "switches")
        }
    }

    @Test func aTypeMayCheckItself() throws {
        struct Even: Decodable {
            init(from decoder: any Decoder) throws {
                let number = try decoder.singleValueContainer().decode(Int.self)
                guard number % 2 == 0 else { throw OptionError("", "expected an even number, found \(number)") }
            }
        }
        struct Holder: Decodable { var level: Even }
        #expect(try problem(Holder.self, ["level": 3]) == "level: expected an even number, found 3")

        struct Corrupted: Decodable {
            enum CodingKeys: CodingKey { case maxMessage }
            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: CodingKeys.self)
                throw DecodingError.dataCorruptedError(
                    forKey: .maxMessage, in: container, debugDescription: "is not liked")
            }
        }
        #expect(try problem(Corrupted.self) == "max_message: is not liked")
    }

    struct Odd: Decodable { var name: Int }

    @Test func aNestedTableKeepsItsPath() throws {
        let names = try Reader.read(["inner": ["names": ["x"]]]) {
            try $0.table("inner").decode(Settings.Nested.self).names
        }
        #expect(names == ["x"])
        do {
            _ = try Reader.read(["rooms": [["name": "a", "root_url": ""]]]) {
                try $0.tables("rooms")[0].decode(Odd.self).name
            }
            Issue.record("expected an error")
        } catch SimulationError.refused(let refusals, _) {
            #expect(refusals.map(\.path) == ["rooms[0].name"])
        }
    }
}

/// A plugin that reads its options with a closure of the test.
private struct Reader: Plugin {
    static let manifest = Manifest(
        name: "reader", version: "1.0.0", summary: "Reads its options",
        options: [
            Option("max_message", .size(), default: "\"4KiB\"", help: "A size"),
            Option("idle", .duration(), default: "\"30s\"", help: "A duration"),
            Option("mode", .text(), default: "\"fast\"", help: "A text"),
            Option("level", .integer(), default: "1", help: "An integer"),
            Option("ratio", .number, default: "0.5", help: "A number"),
            Option("on", .boolean, default: "false", help: "A boolean"),
            Option("motd", .text(), help: "A text"),
            Option(
                "rooms",
                .list(
                    of: .table([
                        Option("name", .text(), help: "A text"), Option("seats", .integer(), help: "An integer"),
                        Option("root_url", .text(), help: "A text"),
                    ])), default: "[]", help: "Tables"),
            Option("inner", .table([Option("names", .list(of: .text()), help: "A list")]), help: "A table"),
            Option("switches", .table([Option("on", .boolean, help: "A boolean")]), help: "A table"),
        ])

    /// The closure of the running test: `create` runs in the task of the test.
    @TaskLocal static var way: (@Sendable (Options) throws -> Void)?

    init(options: Options, host: Host<Reader>) throws(OptionError) {
        do {
            try Self.way?(options)
        } catch {
            throw error as! OptionError
        }
    }

    static func read<T: Sendable>(
        _ options: OptionLiteral, _ body: @escaping @Sendable (Options) throws -> T
    ) throws -> T {
        let answer = Answer<T>()
        let host = try $way.withValue(
            { answer.value = try body($0) }, operation: { try SimulatedHost(Reader.self, options: options) })
        #expect(host.shutDown() == [])
        return try #require(answer.value)
    }

    private final class Answer<T>: @unchecked Sendable { var value: T? }

    struct Session: MartletKit.Session {
        typealias Plugin = Reader
        init(opening connection: Connection<Reader>) {}
        func received(_ input: Span<UInt8>, from connection: Connection<Reader>) -> Int { input.count }
    }
}
