import HTTPWire
import Testing

@Suite struct RequestTargetTests {
    @Test(
        arguments: [
            ("/", "/", nil), ("/?", "/", ""), ("//a//b", "//a//b", nil), ("/a?x?y", "/a", "x?y"),
            ("/%2e%2E/", "/%2e%2E/", nil),
            ("/a|b\"<>{}^`\\", "/a|b\"<>{}^`\\", nil), ("/a:b@c", "/a:b@c", nil), ("/*", "/*", nil),
        ] as [(String, String, String?)])
    func splitsTheOriginForm(target: String, path: String, query: String?) {
        let head = verdict(on: request(line: "GET \(target) HTTP/1.1")).head
        #expect(head?.path == path && head?.query == query && head?.host == "localhost")
    }

    @Test(
        arguments: [
            ("http://a/", "a", "/", nil), ("HTTP://A.b:80/c?d", "A.b:80", "/c", "d"),
            ("https://[::1]:8/x", "[::1]:8", "/x", nil),
            ("http://a", "a", "", nil), ("http://a?q", "a", "", "q"), ("http://a?q/r", "a", "", "q/r"),
            ("http://a:/", "a:", "/", nil),
        ] as [(String, String, String, String?)])
    func takesTheHostFromTheAbsoluteForm(target: String, host: String, path: String, query: String?) {
        let head = verdict(on: request(line: "GET \(target) HTTP/1.1")).head
        #expect(head?.host == host && head?.path == path && head?.query == query && head?.target == target)
    }

    @Test func requiresAHostFieldBesideTheAbsoluteForm() {
        #expect(verdict(on: request(line: "GET http://a/ HTTP/1.1", host: "")).refusal == .missingHost)
        #expect(verdict(on: request(line: "GET http://a/ HTTP/1.1", host: "Host: a b\r\n")).refusal == .invalidHost)
    }

    @Test(arguments: [
        "http:///", "http://", "http:/a", "http:a", "ftp://a/", "://a/", "http://u@a/", "http://u:p@a/",
        "http://a:x/", "http://a:99999/", "http://[::1/", "http://a,b/", "a", "a/b", "example.com:80", "*", "**", "?",
        "?a",
        "/#", "/a#b", "#", "http://a#b", "\\a", "%2f",
    ])
    func refusesATargetOfUnknownForm(target: String) {
        #expect(verdict(on: request(line: "GET \(target) HTTP/1.1")).refusal == .invalidTarget)
    }

    /// The space ends the target, and the rest is not a version.
    @Test(arguments: ["http://a b/", "/a b", "* *"])
    func refusesATargetWithASpace(target: String) {
        #expect(verdict(on: request(line: "GET \(target) HTTP/1.1")).refusal == .malformedRequestLine)
    }

    @Test func keepsTheAsteriskForOPTIONS() {
        #expect(verdict(on: request(line: "OPTIONS * HTTP/1.1")).head?.path == "*")
        #expect(verdict(on: request(line: "OPTIONS / HTTP/1.1")).head?.path == "/")
        #expect(verdict(on: request(line: "POST * HTTP/1.1")).refusal == .invalidTarget)
    }

    @Test func doesNotImplementTunnels() {
        #expect(verdict(on: request(line: "CONNECT a:443 HTTP/1.1")).refusal == .methodNotImplemented)
        #expect(verdict(on: request(line: "CONNECT / HTTP/1.1")).refusal == .methodNotImplemented)
    }
}

@Suite struct HostTests {
    @Test(arguments: [
        "a", "localhost:8080", "127.0.0.1", "[::1]", "[2001:db8::1]:443", "a-b.c_d~e", "a:", "A.EXAMPLE", "x!$&'()*+;=",
        "a:65535",
    ])
    func accepts(host: String) {
        #expect(verdict(on: request(host: "Host:  \(host) \t\r\n")).head?.host == host)
    }

    @Test(arguments: [
        "", " ", "a b", "a,b", "a, a", "a/b", "u@a", "a:b", "a:1:2", ":80", "a:-1", "a:65536",
        "a:99999999999999999999999",
        "[::1", "::1", "[]", "[x]", "[::1]x", "[::1]:x", "a%20b", "a\"", "<a>", "a\\b", "http://a", "a?b", "a#b",
        "\u{E9}",
    ])
    func refuses(host: String) {
        #expect(verdict(on: request(host: "Host: \(host)\r\n")).refusal == .invalidHost)
    }

    @Test func isMandatoryOnceSinceHTTP11() {
        #expect(verdict(on: request(host: "")).refusal == .missingHost)
        #expect(verdict(on: request(line: "GET / HTTP/1.0", host: "")).head != nil)
        #expect(verdict(on: request("Host: localhost")).refusal == .repeatedHost)
        #expect(verdict(on: request("hOST: other", line: "GET / HTTP/1.0")).refusal == .repeatedHost)
    }
}
