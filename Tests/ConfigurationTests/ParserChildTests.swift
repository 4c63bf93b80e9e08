import Glibc
import Testing

@testable import Configuration

/// The parent's side, with shell scripts as children. Each gets the texts as its standard input.
struct ParserChildTests {
    private let folder = TemporaryFolder()

    private func parse(_ texts: [String], _ script: String, timeout: Duration = .seconds(60)) -> [String] {
        folder.write("child", "#!/bin/sh\n" + script)
        chmod(folder.path + "/child", 0o700)
        let parser = TOMLParser.child(executable: folder.path + "/child", textTimeout: timeout, timeout: .seconds(60))
        return outcomes(parser, texts)
    }

    private func outcomes(_ parser: TOMLParser, _ texts: [String]) -> [String] {
        let named = texts.enumerated().map { TOMLParser.Text(file: "\($0.offset).toml", text: $0.element) }
        return parser.parse(named).map { outcome in
            switch outcome {
            case .success(let table): "\(table.keys)"
            case .failure(let error): error.description
            }
        }
    }

    /// A `printf` for the script that answers with a tree without members: `T` and a count of 0.
    private let good = #"printf '\005\000\000\000T\000\000\000\000' >&3"#

    @Test func takesTheAnswersOfOneChild() {
        #expect(parse(["", "#"], "\(good); \(good); exec sleep 60") == ["[]", "[]"])
        #expect(parse([], "exit 1") == [])
    }

    @Test(arguments: [
        ("kill -ABRT $$", "the parser crashed on this file (SIGABRT)"),
        ("kill -SEGV $$", "the parser crashed on this file (SIGSEGV)"),
        ("kill -XCPU $$", "the parser used up its processor time on this file"),
        ("exit 7", "the parser exited with status 7 on this file"),
        (#"printf '\005\000\000' >&3; exit 0"#, "the parser exited with status 0 on this file"),
        (#"printf '\377\377\377\377garbage' >&3"#, "the parser's answer to this file cannot be read: it is too long"),
        (
            #"printf '\001\000\000\000x' >&3; exit"#,
            "the parser's answer to this file cannot be read: expected a tree or an error"
        ),
    ])
    func namesTheFileThatKilledTheChild(death: String, reason: String) {
        #expect(parse(["a = 1"], death) == ["0.toml: " + reason])
    }

    /// The second of three files kills the child that parses it.
    @Test func continuesWithAnotherChild() {
        let script = "case \"$(cat)\" in *first*) \(good); kill -SEGV $$;; *second*) kill -SEGV $$;; *) \(good);; esac"
        #expect(
            parse(["#first", "#second", "#third"], script)
                == ["[]", "1.toml: the parser crashed on this file (SIGSEGV)", "[]"])
    }

    @Test func aChildThatHangsIsKilled() {
        let found = parse(["", "#second"], "\(good); exec sleep 1000", timeout: .milliseconds(200))
        #expect(found[1] == "1.toml: the parser did not finish this file within 200ms")
    }

    @Test func severalHangsDoNotAddUp() {
        folder.write("child", "#!/bin/sh\nexec sleep 1000")
        chmod(folder.path + "/child", 0o700)
        let parser = TOMLParser.child(
            executable: folder.path + "/child", textTimeout: .milliseconds(200), timeout: .milliseconds(300))
        let found = outcomes(parser, Array(repeating: "", count: 100))
        #expect(found.count == 100)
        #expect(found.last == "99.toml: is not parsed: the files before it took 300ms")
    }

    @Test func aMissingProgramIsReported() {
        let found = outcomes(.child(executable: "/nonexistent/martlet"), ["", ""])
        #expect(
            found.map { $0.hasSuffix("cannot be parsed: /nonexistent/martlet: No such file or directory") } == [
                true, true,
            ])
    }
}
