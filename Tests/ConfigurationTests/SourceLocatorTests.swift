import Testing

@testable import Configuration

struct SourceLocatorTests {
    static let nasty = #"""
        # comment = 1
        title = "a # [b] = c" # trailing
        "quoted.key" = 1
        'lite"ral' = 2
        site."dot.ted".x = 3
        "\u00e9\tt" = 4
        many = [ # open
            "one", 'two]', # three
            [ 1, 2, ],
            { a = 1, "b" = [ { c = 2 } ] },
        ]
        long = """
        [fake]
        fake = "x\"""
        """""
        raw = '''
        it's = [fake]'''
        after = 1
          [ options . "in ner" ] # spaced
        	root = "é", key = 1
        wide = "日本" # é
        [[options.routes]]
        path = "/"
        [[options.routes]]
        path = "/api"
        inline = { x = { y = 1 }, z.w = 2 }
        [options.routes.limits]
        rate = 1979-05-27 07:32:00
        [[options.routes.hosts]]
        name = "h"
        [last]
        """#

    @Test(arguments: [
        ("title", 2, 1), ("\"quoted.key\"", 3, 1), ("site", 5, 1), ("many", 7, 1), ("many[0]", 8, 5),
        ("many[1]", 8, 12), ("many[2]", 9, 5), ("many[2][1]", 9, 10), ("many[3].a", 10, 7), ("many[3].b[0].c", 10, 24),
        ("long", 12, 1), ("raw", 16, 1), ("after", 18, 1), ("options", 19, 5), ("options.routes", 22, 11),
        ("options.routes[0]", 22, 11), ("options.routes[0].path", 23, 1), ("options.routes[1]", 24, 11),
        ("options.routes[1].path", 25, 1), ("options.routes[1].inline.x.y", 26, 18),
        ("options.routes[1].inline.z.w", 26, 29),
        ("options.routes[1].limits.rate", 28, 1), ("options.routes[1].hosts[0].name", 30, 1), ("last", 31, 2),
        // Unknown: the nearest parent's.
        ("options.routes[1].nothing.here", 24, 11), ("options.routes[7].path", 22, 11), ("fake", 1, 1), ("", 1, 1),
        ("many[3].nothing", 10, 5), ("after.x[0]", 18, 1),
    ])
    func findsEveryKey(key: String, line: Int, column: Int) {
        #expect(SourceLocator(Self.nasty).position(of: path(key)) == Position(line: line, column: column))
    }

    private func path(_ text: String) -> ConfigurationKey {
        text == "\"quoted.key\"" ? ConfigurationKey([.key("quoted.key")]) : ConfigurationKey(parsing: text)
    }

    @Test func understandsQuotedAndEscapedKeys() {
        let locator = SourceLocator(Self.nasty)
        #expect(locator.position(of: ConfigurationKey([.key("lite\"ral")])) == Position(line: 4, column: 1))
        #expect(
            locator.position(of: ConfigurationKey([.key("site"), .key("dot.ted"), .key("x")]))
                == Position(line: 5, column: 16))
        #expect(locator.position(of: ConfigurationKey([.key("é\tt")])) == Position(line: 6, column: 1))
        let inner = ConfigurationKey([.key("options"), .key("in ner"), .key("root")])
        #expect(locator.position(of: inner) == Position(line: 20, column: 2))
    }

    @Test func countsScalarsAndBothLineEnds() throws {
        let text = "\u{FEFF}a = 1\r\nb = { \"é日\" = 1, c = 2 }\r\n\r\nd = 3"
        let locator = SourceLocator(text)
        #expect(locator.position(of: ConfigurationKey(parsing: "a")) == Position(line: 1, column: 1))
        #expect(locator.position(of: ConfigurationKey(parsing: "b.c")) == Position(line: 2, column: 17))
        #expect(locator.position(of: ConfigurationKey(parsing: "d")) == Position(line: 4, column: 1))
        #expect(try tree(text).keys == ["a", "b", "d"])
    }

    @Test(arguments: [
        "=", "[", "[[", "]", "{", "a", "a =", "a = [", "a = {", "a = {=", "a = \"", "a = \"\"\"", "a = '''x",
        "a = \"\\", "a = \"\\u12",
        "a = \"\\UFFFFFFFF\"", "[a", "[a.", "[[a]", "a = [}{", "a = {]", "a..b = 1", ".", "\"", "a = [{]}", "\u{FEFF}",
        "\r", "#", "a = {b", "a={,",
    ])
    func survivesDamagedText(text: String) {
        #expect(SourceLocator(text).position(of: ConfigurationKey(parsing: "a.b[0].c")).line == 1)
    }

    @Test func findsTheNodeOfEveryValueThatTOMLKitFinds() throws {
        let text = Self.nasty.replacing(", key = 1", with: "")
        let locator = SourceLocator(text)
        #expect(unlocated(ConfigurationValue(.table(try tree(text))), node: 0, locator, at: .root) == [])
    }
}

/// The paths below `value` that the locator does not know.
func unlocated(
    _ value: ConfigurationValue, node: Int, _ locator: SourceLocator, at key: ConfigurationKey
) -> [String] {
    let children: [(ConfigurationKey.Component, ConfigurationValue)] =
        value.table?.members.map { (.key($0.key), $0.value) }
        ?? value.list?.enumerated().map { (.index($0.offset), $0.element) } ?? []
    return children.flatMap { component, child in
        let path = ConfigurationKey(key.components + [component])
        guard let next = locator.child(component, of: node) else { return [path.description] }
        return unlocated(child, node: next, locator, at: path)
    }
}
