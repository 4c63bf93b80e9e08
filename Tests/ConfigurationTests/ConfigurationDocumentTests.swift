import Testing

@testable import Configuration

struct ConfigurationDocumentTests {
    private func problem(_ bytes: [UInt8]) -> String? {
        do throws(ConfigurationError) {
            _ = try ConfigurationDocument(bytes: bytes, file: "http.toml", parser: .inProcess)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func keepsTheOrderOfTheText() throws {
        let root = try tree("z = 1\n[m]\ny = 1\nb = 2\na = {q = 1, c = 2}\n[a]")
        #expect(root.keys == ["z", "m", "a"])
        #expect(root["m"]?.table?.keys == ["y", "b", "a"])
        #expect(root["m"]?.table?["a"]?.table?.keys == ["q", "c"])
        #expect(root["m"]?.table?["b"]?.position == Position(line: 4, column: 1))
    }

    @Test func readsEveryKindOfValue() throws {
        let root = try tree("a = true\nb = -1\nc = 1.5\nd = 'x'\ne = [1, 'two']\nf = {}\ng = 1979-05-27\nh = 07:32:00")
        #expect(root["a"]?.boolean == true)
        #expect(root["b"]?.integer == -1)
        #expect(root["c"]?.number == 1.5)
        #expect(root["d"]?.text == "x")
        #expect(root["e"]?.list?.map(\.content) == [.integer(1), .text("two")])
        #expect(root["f"]?.table?.members.isEmpty == true)
        #expect(root["g"]?.content == .date)
        #expect(root["h"]?.content == .date)
    }

    @Test func equalityIgnoresPositions() throws {
        #expect(try tree("a = 1\nb = [2]") == tree("# moved\n\na  =  1\n b = [ # here\n 2 ]"))
        #expect(try tree("a = 1\nb = 2") != tree("b = 2\na = 1"), "a plugin can see the order")
    }

    @Test(arguments: [
        ("a = \nb = 1", "http.toml:1:5: TOML syntax: "), ("a = 1\na = 2", "http.toml:2:5: TOML syntax: "),
        ("a = 1\n[b\n", "http.toml:2:3: TOML syntax: "), ("é = \"日\" x", "http.toml:1:1: TOML syntax: "),
    ])
    func namesThePlaceOfASyntaxError(text: String, beginning: String) {
        let found = problem(Array(text.utf8)) ?? "no problem"
        #expect(found.hasPrefix(beginning), "\(found)")
        #expect(!found.contains("\n"))
    }

    @Test func refusesBytesThatAreNotText() {
        #expect(problem(Array("a = 1\nb = é".utf8) + [0]) == "http.toml:2:6: expected text, found a NUL byte")
        #expect(problem(Array("é = 1\nb = '".utf8) + [0xFF]) == "http.toml:2:6: expected UTF-8, found the byte 0xff")
        #expect(problem([0xC3]) == "http.toml:1:1: expected UTF-8, found the byte 0xc3")
        #expect(problem(Array("a = '".utf8) + [0xED, 0xA0, 0x80])?.hasPrefix("http.toml:1:6: expected UTF-8") == true)
    }

    @Test(arguments: [
        (#"a = "x\u0000y""#, "1:7"), (#""a\u0000b" = 1"#, "1:3"), ("a = 1\nb = \"\"\"\n\\U00000000\"\"\"", "3:1"),
        (#"a = [{ "k\u0000" = 1 }]"#, "1:10"),
    ])
    func refusesAnEscapedNUL(text: String, place: String) {
        #expect(problem(Array(text.utf8)) == "http.toml:\(place): expected text, found an escaped NUL")
    }

    @Test(arguments: [
        Array(repeating: "a", count: 10_000).joined(separator: ".") + " = 1",
        "[" + Array(repeating: "a", count: 10_000).joined(separator: ".") + "]",
        "a = " + String(repeating: "[", count: 100_000), "a = " + String(repeating: "{a=", count: 100_000),
        "a = " + String(repeating: "{a.a.a=", count: 30) + "1" + String(repeating: "}", count: 30),
    ])
    func refusesDepthThatWouldExhaustTheStack(text: String) {
        #expect(problem(Array(text.utf8))?.contains("expected at most 64 levels") == true)
    }

    @Test func readsTheDepthItAllows() throws {
        let text = Array(repeating: "a", count: 64).joined(separator: ".") + " = 1"
        #expect(try tree(text).keys == ["a"])
    }

    @Test func readsALargeFileInOneGo() throws {
        let text = "a = [" + String(repeating: "1,", count: 200_000) + "]"
        #expect(try tree(text)["a"]?.list?.count == 200_000)
    }
}

/// Texts on which an assertion of toml++ fails. `MutationTests` found them.
struct HostileTextTests {
    @Test(arguments: [
        ("[=]", "1:2: TOML syntax: unexpected '='"), ("[[ .a]]", "1:4: TOML syntax: unexpected '.'"),
        ("[\r a]", "1:2: TOML syntax: unexpected '\\r'"), ("a = [1, }", "1:9: TOML syntax: unexpected '}'"),
        ("a = [\u{2028}1]", "1:6: TOML syntax: unexpected '\\u{2028}'"),
        ("a = [\u{85}", "1:6: TOML syntax: unexpected '\\u{85}'"),
        ("a = 1979-05-27 1\n", "1:17: TOML syntax: unexpected end of the line"),
        ("a = [1979-05-27 1 ]", "1:18: TOML syntax: unexpected ' '"),
        ("a = 2024-01-01TO9:09:09", "1:16: TOML syntax: unexpected 'O'"),
        ("a = 2024-01-01 1 :", "1:17: TOML syntax: unexpected ' '"),
    ])
    func isRefusedAtItsPlace(text: String, problem: String) {
        #expect(readListener(text).problems == ["http.toml:" + problem])
    }
}
