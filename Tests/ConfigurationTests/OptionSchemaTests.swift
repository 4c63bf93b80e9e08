import Testing

@testable import Configuration

struct OptionSchemaTests {
    static let route = OptionSchema([
        OptionDescription("path", .text, required: true),
        OptionDescription("root", .path, default: #""public""#),
        OptionDescription("cache", .duration, default: #""5m""#, maximum: .hours(1)),
        OptionDescription("hosts", .tables(OptionSchema([OptionDescription("name", .text, required: true)]))),
    ])

    static let page = OptionSchema([OptionDescription("age", .duration, default: #""5m""#)])

    static let schema = OptionSchema([
        OptionDescription("name", .text, required: true),
        OptionDescription("mode", .text, default: #""fast""#, choices: ["fast", "safe"]),
        OptionDescription("gzip", .boolean, default: "true"),
        OptionDescription("level", .integer, default: "6", minimum: 1, maximum: 9),
        OptionDescription("ratio", .number, default: "0.5"),
        OptionDescription("timeout", .duration, default: #""1m30s""#),
        OptionDescription("buffer", .size, default: #""64KiB""#, minimum: 512),
        OptionDescription("log", .path),
        OptionDescription("tags", .list(.text), default: #"["a", "b"]"#),
        OptionDescription("delays", .list(.duration), minimum: .seconds(1)),
        OptionDescription("index", .textsOrTables(page), default: #""index.html""#),
        OptionDescription("tls", .table(OptionSchema([OptionDescription("session_cache", .integer, default: "100")]))),
        OptionDescription("auth", .table(OptionSchema([OptionDescription("key", .path, required: true)]))),
        OptionDescription("routes", .tables(route)),
    ])

    private func validate(
        _ text: String, _ schema: OptionSchema = schema
    ) throws -> (table: ConfigurationTable?, problems: [String]) {
        let root = try ConfigurationDocument(text: text, file: "http.toml", parser: .inProcess).root
        switch schema.validate(root.child("options"), relativeTo: "/etc/martlet", file: "http.toml", parser: .inProcess)
        {
        case .success(let table): return (table, [])
        case .failure(let error): return (nil, error.diagnostics.map(\.description))
        }
    }

    @Test func fillsInEveryDefaultInTheOrderOfTheSchema() throws {
        let (found, problems) = try validate("[options]\nname = 'x'")
        let table = try #require(found, "\(problems)")
        #expect(
            table.keys == [
                "name", "mode", "gzip", "level", "ratio", "timeout", "buffer", "tags", "index", "tls", "routes",
            ])
        #expect(table["mode"]?.text == "fast")
        #expect(table["gzip"]?.boolean == true)
        #expect(table["level"]?.integer == 6)
        #expect(table["ratio"]?.number == 0.5)
        #expect(table["timeout"]?.integer == 90_000_000_000)
        #expect(table["buffer"]?.integer == 65_536)
        #expect(table["tags"]?.list?.map(\.text) == ["a", "b"])
        #expect(table["index"]?.list?.map(\.text) == ["index.html"])
        #expect(table["tls"]?.table?["session_cache"]?.integer == 100)
        #expect(table["routes"]?.list?.isEmpty == true)
        #expect(table["auth"] == nil, "an optional table with a required key is left out")
        #expect(table["name"]?.position == Position(line: 2, column: 1))
        #expect(table["level"]?.position == Position(line: 1, column: 2))
    }

    @Test func convertsWhatTheFileSays() throws {
        let (found, problems) = try validate(
            """
            [options]
            ratio = 2
            name = "x"
            buffer = 512
            delays = ["1s", "2s"]
            log = "./logs//x.log"
            index = ["a", {}]
            auth.key = "/etc/key"
            [[options.routes]]
            path = "/"
            [[options.routes]]
            root = "/srv"
            path = "/api"
            cache = "1h"
            [[options.routes.hosts]]
            name = "h"
            """)
        let table = try #require(found, "\(problems)")
        #expect(table["ratio"]?.number == 2)
        #expect(table["buffer"]?.integer == 512)
        #expect(table["delays"]?.list?.map(\.integer) == [1_000_000_000, 2_000_000_000])
        #expect(table["log"]?.text == "/etc/martlet/logs/x.log")
        #expect(table["index"]?.list?.map(\.text) == ["a", nil])
        #expect(table["index"]?.list?[1].table?["age"]?.integer == 300_000_000_000)
        #expect(table["auth"]?.table?["key"]?.text == "/etc/key")
        let routes = (table["routes"]?.list ?? []).compactMap(\.table)
        #expect(routes.map { $0["root"]?.text } == ["/etc/martlet/public", "/srv"])
        #expect(routes.map { $0["cache"]?.integer } == [300_000_000_000, 3_600_000_000_000])
        #expect(routes[1]["hosts"]?.list?.first?.table?["name"]?.text == "h")
    }

    @Test(arguments: [
        ("mode = 'sfae'", "mode: expected one of \"fast\", \"safe\", found \"sfae\"; did you mean \"safe\"?"),
        ("mode = 1", "mode: expected a text, found the integer 1"),
        ("gzip = 'on'", "gzip: expected true or false, found the text \"on\""),
        ("level = 10", "level: expected an integer from 1 to 9, found the integer 10"),
        ("ratio = nan", "ratio: expected a number, found the number nan"),
        ("ratio = inf", "ratio: expected a number, found the number inf"),
        ("ratio = '1'", "ratio: expected a number, found the text \"1\""),
        ("timeout = 30", "timeout: expected a duration such as \"30s\", found the integer 30"),
        (
            "timeout = '99999999999d'",
            "timeout: expected a duration such as \"30s\", found the text \"99999999999d\"; the units are ms, s, m, h and d"
        ),
        ("buffer = 511", "buffer: expected a size of at least 512B, found the integer 511"),
        ("log = ''", "log: expected a path, found the text \"\""),
        (
            "log = 1979-05-27",
            "log: expected a path, found a date or time; dates are not allowed here, quote it to make it text"
        ),
        ("tags = 'a'", "tags: expected a list of texts, found the text \"a\""),
        ("index = []", "index: expected a text or a list of texts or tables, found an empty list"),
        ("tls = true", "tls: expected a table, found the boolean true"),
        ("tls.sesion_cache = 1", "tls.sesion_cache: unknown key in [options.tls]; did you mean \"session_cache\"?"),
        (
            "session_cache = 1",
            "session_cache: unknown key in [options]; did you mean \"session_cache\" in [options.tls]?"
        ),
        ("auth = {}", "auth.key: required, but missing; expected a path"),
        ("routes = {}", "routes: expected a list of tables, found a table; write each as [[options.routes]]"),
        ("leval = 3", "leval: unknown key in [options]; did you mean \"level\"?"),
    ])
    func explainsABadValue(line: String, problem: String) throws {
        let position = line.hasPrefix("tls.") ? "3:5" : "3:1"
        #expect(
            try validate("[options]\nname = 'x'\n" + line).problems == ["http.toml:\(position): options.\(problem)"])
    }

    @Test func explainsEveryElementOfNestedTables() throws {
        let (_, problems) = try validate(
            """
            [options]
            delays = ["5s", "5ms", 5]
            [[options.routes]]
            pth = "/"
            [[options.routes]]
            path = "/api"
            cache = "2h"
            hosts = [{ name = "a" }, { nme = "b" }]
            """)
        #expect(
            problems == [
                "http.toml:1:2: options.name: required, but missing; expected a text",
                "http.toml:2:17: options.delays[1]: expected a duration of at least 1s, found the text \"5ms\"",
                "http.toml:2:24: options.delays[2]: expected a duration such as \"30s\", found the integer 5",
                "http.toml:3:11: options.routes[0].path: required, but missing; expected a text",
                "http.toml:4:1: options.routes[0].pth: unknown key in [options.routes[0]]; did you mean \"path\"?",
                "http.toml:7:1: options.routes[1].cache: expected a duration of at most 1h, found the text \"2h\"",
                "http.toml:8:26: options.routes[1].hosts[1].name: required, but missing; expected a text",
                "http.toml:8:28: options.routes[1].hosts[1].nme: unknown key in [options.routes[1].hosts[1]]; did you mean \"name\"?",
            ])
    }

    @Test func aSchemaWithoutKeysTakesNone() throws {
        #expect(try validate("", OptionSchema()).table == ConfigurationTable())
        #expect(
            try validate("options.x = 1", OptionSchema()).problems
                == ["http.toml:1:9: options.x: unknown key in [options], which has no keys"])
    }

    @Test func theOrderOfTheFileDoesNotShowInTheResult() throws {
        let one = try validate("options = { name = 'x', level = 3 }").table
        #expect(try one == validate("options = { level = 3, name = 'x' }").table)
    }

    @Test(arguments: ["", "x", "1\nb = 2", "[", "1 2", "\"\\u0000\""])
    func aDefaultThatIsNotTOMLIsADefectOfTheSchema(literal: String) throws {
        let schema = OptionSchema([OptionDescription("a", .integer, default: literal)])
        let message = "the plugin's default \(quoted(literal)) is not a TOML value"
        #expect(schema.defects(parser: .inProcess) == ["a: \(message)"])
        #expect(try validate("[options]", schema).problems == ["http.toml:1:2: options.a: \(message)"])
    }

    @Test func findsEveryDefectOfASchema() {
        let schema = OptionSchema([
            OptionDescription("a", .integer, default: "10", maximum: 9),
            OptionDescription("a", .text, required: true, default: "'x'"),
            OptionDescription("", .text),
            OptionDescription("b", .integer, minimum: 2, maximum: 1),
            OptionDescription("c", .tables(OptionSchema([OptionDescription("d", .duration, default: "5")]))),
        ])
        #expect(
            schema.defects(parser: .inProcess) == [
                "a: the plugin's default is wrong: expected an integer of at most 9, found the integer 10",
                "a: described twice",
                "a: required, but has a default",
                "an option has an empty key",
                "b: the minimum 2 is above the maximum 1",
                "c.d: the plugin's default is wrong: expected a duration such as \"30s\", found the integer 5",
            ])
        #expect(Self.schema.defects(parser: .inProcess) == [])
    }
}
