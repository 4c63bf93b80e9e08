import MartletKit
import MartletKitTesting
import Testing

@testable import HTTPPlugin

@Suite struct OptionTests {
    private func refusal(_ options: OptionLiteral) -> String {
        do {
            try SimulatedHost(HTTP.self, options: options).shutDown()
            return "accepted"
        } catch {
            if case .refused(let refusals, _) = error {
                return refusals.map { "\($0.path): \($0.message)" }.joined(separator: "\n")
            }
            return "\(error)"
        }
    }

    @Test(
        arguments: [
            (["text": "x"], "option routes[0].path: required, but missing; expected a text"),
            (["path": "x", "text": "x"], "routes[0].path: must begin with \"/\""),
            (["path": "", "text": "x"], "routes[0].path: must begin with \"/\""),
            (
                ["path": "/a%20b", "text": "x"],
                "routes[0].path: must not contain \"%\", \"?\" or \"#\": it is compared with the decoded path of a request"
            ),
            (
                ["path": "/a//b", "text": "x"],
                "routes[0].path: must not have a segment that is empty, \".\" or \"..\": these are resolved before routes are compared"
            ),
            (
                ["path": "/a/..", "text": "x"],
                "routes[0].path: must not have a segment that is empty, \".\" or \"..\": these are resolved before routes are compared"
            ),
            (["path": "/a\n", "text": "x"], "routes[0].path: must not contain control characters"),
            (["path": "/"], "routes[0]: answers nothing: set text, root or echo = true"),
            (["path": "/", "echo": false], "routes[0]: answers nothing: set text, root or echo = true"),
            (
                ["path": "/", "text": "x", "echo": true],
                "routes[0]: must have only one of text, root and echo = true"
            ),
            (
                ["path": "/", "text": "x", "root": "/"],
                "routes[0]: must have only one of text, root and echo = true"
            ),
            (["path": "/", "root": "/no/such"], "routes[0].root: no such directory \"/no/such\""),
            (["path": "/", "root": "/etc/passwd"], "routes[0].root: \"/etc/passwd\" is not a directory"),
            (["path": "/a", "root": "/"], "routes[0].path: must end with \"/\", because its root is a folder"),
            (
                ["path": "/", "root": "/", "index": "a/b"],
                "routes[0].index: expected the name of a file, found \"a/b\""
            ),
            (["path": "/", "root": "/", "index": ""], "routes[0].index: expected the name of a file, found \"\""),
            (["path": "/", "root": "/", "status": 404], "routes[0].status: needs a route with a text"),
            (["path": "/", "root": "/", "location": "/"], "routes[0].location: needs a route with a text"),
            (
                ["path": "/", "root": "/", "cache_control": "a\nb"],
                "routes[0].cache_control: must not contain control characters"
            ),
            (["path": "/", "text": "x", "cache_control": "y"], "routes[0].cache_control: needs a route with a root"),
            (
                ["path": "/", "text": "x", "content_type": "a\r\nb"],
                "routes[0].content_type: must not contain control characters"
            ),
            (
                ["path": "/", "text": "x", "location": "/\r\nX: y"],
                "routes[0].location: must not contain control characters"
            ),
            (
                ["path": "/", "text": "x", "status": 199],
                "option routes[0].status: expected an integer from 200 to 599, found the integer 199"
            ),
            (
                ["path": "/", "text": "x", "status": 204],
                "routes[0].text: must be empty: an answer with status 204 has no content"
            ),
            (["path": "/", "text": "x", "status": 205], "routes[0].text: must be empty: status 205 allows no content"),
            (["path": "/", "echo": true, "location": "/"], "routes[0].location: has no effect on an echo"),
            (
                ["path": "/", "txt": "x"],
                "option routes[0].txt: unknown key in [options.routes[0]]; did you mean \"text\"?"
            ),
        ] as [(OptionLiteral, String)])
    func reportsTheProblemOfARoute(route: OptionLiteral, message: String) {
        #expect(refusal(["routes": [route]]) == message)
    }

    @Test func refusesTheSamePathTwice() {
        #expect(
            refusal([
                "routes": [["path": "/a", "text": "1"], ["path": "/b", "text": "2"], ["path": "/a", "text": "3"]]
            ])
                == "routes[2].path: is also the path of routes[0]")
    }

    @Test func refusesAServerFieldThatWouldEndItsLine() {
        #expect(refusal(["server": "a\r\nX: y"]) == "server: must not contain control characters")
    }

    @Test(arguments: ["max_request_line", "max_headers", "max_header_count"]) func hasRanges(key: String) {
        #expect(refusal(.table([(key: key, value: .integer(0))])).hasPrefix("option \(key): expected "))
    }

    @Test func acceptsTheLargestAndSmallestValues() {
        #expect(
            refusal([
                "max_request_line": 1_048_576, "max_headers": "16MiB", "max_header_count": 65_535,
                "max_body": .integer(.max), "max_requests": 4_294_967_295, "open_files": 0,
            ]) == "accepted")
        #expect(
            refusal([
                "max_request_line": 64, "max_headers": 256, "max_header_count": 1, "max_body": 0, "max_requests": 0,
            ]) == "accepted")
    }

    @Test func everyOptionHasOneLineOfHelp() {
        func check(_ options: [Option]) {
            for option in options {
                #expect(
                    option.help.count > 10 && option.help.hasSuffix(".") && !option.help.contains("\n"), "\(option.key)"
                )
                if case .list(of: .table(let children)) = option.kind { check(children) }
            }
        }
        check(HTTP.manifest.options)
    }
}
