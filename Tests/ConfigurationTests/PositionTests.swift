import Testing

@testable import Configuration

struct PositionTests {
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
        	root = "é"
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
        // Unknown keys have the position of the nearest parent.
        ("options.routes[1].nothing.here", 24, 11), ("options.routes[7].path", 22, 11), ("fake", 1, 1), ("", 1, 1),
        ("many[3].nothing", 10, 5), ("after.x[0]", 18, 1),
    ])
    func findsEveryKey(key: String, line: Int, column: Int) throws {
        #expect(try tree(Self.nasty).position(of: path(key)) == Position(line: line, column: column))
    }

    private func path(_ text: String) -> ConfigurationKey {
        text == "\"quoted.key\"" ? ConfigurationKey([.key("quoted.key")]) : ConfigurationKey(parsing: text)
    }

    @Test func understandsQuotedAndEscapedKeys() throws {
        let root = try tree(Self.nasty)
        #expect(root.position(of: ConfigurationKey([.key("lite\"ral")])) == Position(line: 4, column: 1))
        #expect(
            root.position(of: ConfigurationKey([.key("site"), .key("dot.ted"), .key("x")]))
                == Position(line: 5, column: 16))
        #expect(root.position(of: ConfigurationKey([.key("é\tt")])) == Position(line: 6, column: 1))
        let inner = ConfigurationKey([.key("options"), .key("in ner"), .key("root")])
        #expect(root.position(of: inner) == Position(line: 20, column: 2))
    }

    @Test func countsScalarsAndBothLineEnds() throws {
        let text = "\u{FEFF}a = 1\r\nb = { \"é日\" = 1, c = 2 }\r\n\r\nd = 3"
        let root = try tree(text)
        #expect(root.position(of: ConfigurationKey(parsing: "a")) == Position(line: 1, column: 1))
        #expect(root.position(of: ConfigurationKey(parsing: "b.c")) == Position(line: 2, column: 17))
        #expect(root.position(of: ConfigurationKey(parsing: "d")) == Position(line: 4, column: 1))
        #expect(try tree(text).keys == ["a", "b", "d"])
    }

    @Test(arguments: [
        "=", "[", "[[", "]", "{", "a", "a =", "a = [", "a = {", "a = {=", "a = \"", "a = \"\"\"", "a = '''x",
        "a = \"\\", "a = \"\\u12",
        "a = \"\\UFFFFFFFF\"", "[a", "[a.", "[[a]", "a = [}{", "a = {]", "a..b = 1", ".", "\"", "a = [{]}", "\u{FEFF}",
        "\r", "#", "a = {b", "a={,",
    ])
    func survivesDamagedText(text: String) {
        do throws(ConfigurationError) {
            _ = try ConfigurationDocument(text: text, file: "x", parser: .inProcess)
        } catch {
            #expect(error.diagnostics.count == 1)
            #expect(error.diagnostics.first?.line == 1)
        }
    }
}
