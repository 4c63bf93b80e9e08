import Testing

@testable import Configuration

/// `listen` as texts, as tables, and as both.
struct EndpointTests {
    private static let head = "plugin = 'x'\n"

    private func read(_ listen: String) throws -> [Endpoint] {
        let (listener, problems) = readListener(Self.head + listen)
        return try #require(listener, "\(problems)").endpoints
    }

    @Test func takesAnArrayOfTables() throws {
        let endpoints = try read(
            """
            [[listen]]
            name = "public"
            address = "0.0.0.0:80"
            [[listen]]
            address = "unix:@x"
            [limits]
            connections = 1
            """)
        #expect(endpoints.map(\.name) == ["public", "unix:@x"])
        #expect(endpoints.map(\.isNamed) == [true, false])
        #expect(endpoints.map(\.description) == ["0.0.0.0:80 (public)", "unix:@x"])
        #expect(endpoints.map(\.place.description) == ["listen[0].address at 4:1", "listen[1].address at 6:1"])
    }

    @Test func withoutANameTakesTheAddressAsWrittenInTheFile() throws {
        let alone = try read("listen = '[0::]:80'")
        #expect(alone.map(\.name) == ["[0::]:80"])
        #expect(alone.map(\.address) == [.dualStack(port: 80)])
        #expect(alone.map(\.place.description) == ["listen at 2:1"])
        let list = try read("listen = [\n 'unix:/run//x', '*:1']")
        #expect(list.map(\.name) == ["unix:/run//x", "*:1"])
        #expect(list.map(\.description) == ["unix:/run/x", "*:1"])
        #expect(list.map(\.place.description) == ["listen[0] at 3:2", "listen[1] at 3:18"])
        #expect(try read("[[listen]]\naddress = '[0::]:80'").map(\.name) == ["[0::]:80"])
    }

    @Test func takesTextsAndTablesInOneArray() throws {
        let endpoints = try read(#"listen = ["127.0.0.1:1", {address = "127.0.0.1:2", name = "b"}, {address = "*:3"}]"#)
        #expect(endpoints.map(\.description) == ["127.0.0.1:1", "127.0.0.1:2 (b)", "*:3"])
        #expect(
            endpoints.map(\.place.description) == [
                "listen[0] at 2:11", "listen[1].address at 2:27", "listen[2].address at 2:66",
            ])
    }

    @Test func bindsBesideTheIPv4WildcardForIPv6Only() throws {
        let endpoints = try read("listen = ['0.0.0.0:80', {address = '[::]:80', name = 'six'}]")
        #expect(endpoints.map(\.address) == [.ipv4(.any, port: 80), .ipv6(.any, scope: nil, port: 80)])
    }

    @Test func aNameMayHave64Bytes() throws {
        let name = "A-z_0." + String(repeating: "9", count: 58)
        #expect(try read("[[listen]]\naddress = '*:1'\nname = '\(name)'").map(\.name) == [name])
    }

    @Test func aNewNameIsAChangeAndAnotherFormIsNot() throws {
        let text = try read("listen = '*:80'")
        #expect(try text == read("# moved\n[[listen]]\naddress = '*:80'"))
        #expect(try text != read("[[listen]]\naddress = '*:80'\nname = 'a'"))
        #expect(try text != read("listen = '[::]:80'"), "the plugin gets another text")
        #expect(
            try read("[[listen]]\naddress = '*:80'\nname = 'a'") != read("[[listen]]\naddress = '*:80'\nname = 'b'"))
    }

    @Test(arguments: [
        ("listen = []", ["2:1: listen: expected a text or a list of texts or tables, found an empty list"]),
        (
            "[listen]\naddress = '*:1'",
            ["2:2: listen: expected a text or a list of texts or tables, found a table; write each as [[listen]]"]
        ),
        (
            "listen = {address = '*:1'}",
            ["2:1: listen: expected a text or a list of texts or tables, found a table; write each as [[listen]]"]
        ),
        ("listen = [['*:1']]", ["2:11: listen[0]: expected a text, found a list"]),
        (
            "listen = [1, {}]",
            [
                "2:11: listen[0]: expected a text, found the integer 1",
                "2:14: listen[1].address: required, but missing; expected a text",
            ]
        ),
        ("[[listen]]\nname = 'a'", ["2:3: listen[0].address: required, but missing; expected a text"]),
        ("listen = [{name = 'a'}]", ["2:11: listen[0].address: required, but missing; expected a text"]),
        ("[[listen]]\naddress = 80", ["3:1: listen[0].address: expected a text, found the integer 80"]),
        (
            "[[listen]]\naddress = '*:1'\nname = true",
            ["4:1: listen[0].name: expected a text, found the boolean true"]
        ),
        (
            "[[listen]]\naddress = '*:1'\n[[listen]]\n address = '*:99999'",
            ["5:2: listen[1].address: expected a port from 0 to 65535, found \"99999\" in \"*:99999\""]
        ),
        (
            "[[listen]]\naddress = '*:1'\nnmae = 'a'",
            ["4:1: listen[0].nmae: unknown key in [listen[0]]; did you mean \"name\"?"]
        ),
        (
            "[[listen]]\naddress = '*:1'\nport = 80",
            ["4:1: listen[0].port: unknown key in [listen[0]]; its keys are address, name"]
        ),
        (
            "[[listen]]\naddress = '*:1'\nenabled = false",
            ["4:1: listen[0].enabled: unknown key in [listen[0]]; did you mean \"enabled\" at the top level?"]
        ),
    ])
    func explainsABadTable(listen: String, problems: [String]) {
        #expect(readListener(Self.head + listen).problems == problems.map { "http.toml:" + $0 })
    }

    @Test(arguments: ["", "a b", "a:b", "é", "a/b"])
    func refusesOtherCharactersInAName(name: String) {
        let (_, problems) = readListener(Self.head + "[[listen]]\naddress = '*:1'\nname = '\(name)'")
        #expect(
            problems == [
                "http.toml:4:1: listen[0].name: expected a name of letters, digits, -, _ and ., found \"\(name)\""
            ])
    }

    @Test func refusesANameOf65Bytes() {
        let name = String(repeating: "n", count: 65)
        let (_, problems) = readListener(Self.head + "listen = [{address = '*:1', name = '\(name)'}]")
        #expect(problems == ["http.toml:2:29: listen[0].name: expected a name of at most 64 bytes, found 65"])
    }

    @Test(arguments: [
        (
            "[[listen]]\nname = 'a'\naddress = '*:1'\n[[listen]]\naddress = '*:2'\n  name = 'a'",
            "7:3: listen[1].name: \"a\" is the same as listen[0].name at 3:1; each name may be used once"
        ),
        (
            "listen = [{address = '*:1', name = 'a'}, '*:2', {address = '*:3', name = 'a'}]",
            "2:67: listen[2].name: \"a\" is the same as listen[0].name at 2:29; each name may be used once"
        ),
        (
            "[[listen]]\naddress = '*:1'\nname = 'a'\n[[listen]]\nname = 'b'\naddress = '*:1'",
            "7:1: listen[1].address: \"*:1\" overlaps \"*:1\" of listen[0].address at 3:1"
        ),
        (
            "listen = ['127.0.0.1:1', {address = '127.0.0.1:1'}]",
            "2:27: listen[1].address: \"127.0.0.1:1\" overlaps \"127.0.0.1:1\" of listen[0] at 2:11"
        ),
        (
            "listen = [{address = '*:0'}, '[::]:0']",
            "2:30: listen[1]: \"*:0\" is the same as listen[0].address at 2:12; each address may be used once"
        ),
    ])
    func refusesRepeatedNamesAndAddresses(listen: String, problem: String) {
        #expect(readListener(Self.head + listen).problems == ["http.toml:" + problem])
    }

    @Test func reportsEverythingAtOnceInTheOrderOfTheText() {
        let (_, problems) = readListener(
            """
            [[listen]]
            name = "a b"
            address = "nonsense"
            [[listen]]
            name = "c"
            [[listen]]
            address = "*:1"
            name = "c"
            """)
        #expect(
            problems == [
                "http.toml:1:1: plugin: required, but missing; expected a path",
                "http.toml:2:1: listen[0].name: expected a name of letters, digits, -, _ and ., found \"a b\"",
                "http.toml:3:1: listen[0].address: expected an address with a port, \(ListenAddressTests.examples), found \"nonsense\"",
                "http.toml:4:3: listen[1].address: required, but missing; expected a text",
                "http.toml:8:1: listen[2].name: \"c\" is the same as listen[1].name at 5:1; each name may be used once",
            ])
    }

    @Test(arguments: [(256, []), (257, ["http.toml:2:3: listen: expected at most 256 values, found 257"])])
    func takesAtMost256Tables(count: Int, problems: [String]) {
        let tables = (0..<count).map { "[[listen]]\nname = 'n\($0)'\naddress = 'unix:/run/\($0)'\n" }.joined()
        #expect(readListener(Self.head + tables).problems == problems)
    }

    /// TOML itself does not allow it.
    @Test func tablesCannotFollowAListOfTexts() {
        let (_, problems) = readListener(Self.head + "listen = ['*:1']\n[[listen]]\naddress = '*:2'")
        #expect(problems.count == 1 && problems[0].hasPrefix("http.toml:3:"), "\(problems)")
        #expect(problems[0].contains("TOML syntax"))
    }

    @Test func laterProblemsAreAtTheAddress() throws {
        let (found, problems) = readListener(Self.head + "[[listen]]\nname = 'a'\n  address = '*:1'")
        let listener = try #require(found, "\(problems)")
        let diagnostic = listener.diagnostic(at: listener.endpoints[0], message: "x")
        #expect(diagnostic.description == "http.toml:4:3: listen[0].address: x")
    }
}
