import MartletKitTesting
import Testing

@testable import HTTPPlugin

@Suite struct MethodTests {
    /// RFC 9110 9.3.2: the fields of GET, and no content.
    @Test(arguments: ["/hello", "/page", "/gone", "/empty", "/old", "/echo", "/none%20such"])
    func headIsGetWithoutContent(target: String) throws {
        let client = try Client()
        let get = try client.request("GET", target)
        let head = try client.request("HEAD", target)
        #expect(head.status == get.status)
        #expect(head.fields.map(\.name) == get.fields.map(\.name))
        #expect(head.fields.map(\.value) == get.fields.map(\.value))
        #expect(head.content == [])
        #expect(client.isOpen)
    }

    @Test(arguments: [
        ("POST", "/hello", "GET, HEAD, OPTIONS"), ("PUT", "/hello", "GET, HEAD, OPTIONS"),
        ("DELETE", "/", "GET, HEAD, OPTIONS"), ("PATCH", "/old", "GET, HEAD, OPTIONS"),
        ("TRACE", "/hello", "GET, HEAD, OPTIONS"), ("GET", "/echo", "POST, PUT, PATCH, OPTIONS"),
        ("DELETE", "/echo", "POST, PUT, PATCH, OPTIONS"), ("TRACE", "/echo", "POST, PUT, PATCH, OPTIONS"),
    ])
    func answers405WithTheAllowedMethods(method: String, target: String, allowed: String) throws {
        let client = try Client()
        let answer = try client.request(method, target)
        #expect(answer.status == 405)
        #expect(answer["Allow"] == allowed)
        #expect(client.isOpen)
    }

    @Test(arguments: [
        ("/hello", "GET, HEAD, OPTIONS"), ("/echo", "POST, PUT, PATCH, OPTIONS"),
        ("*", "GET, HEAD, POST, PUT, PATCH, OPTIONS"),
    ])
    func optionsNamesTheMethods(target: String, allowed: String) throws {
        let client = try Client()
        let answer = try client.request("OPTIONS", target)
        #expect(answer.status == 204)
        #expect(answer["Allow"] == allowed)
        #expect(client.isOpen)
    }

    @Test(arguments: ["BREW", "get", "CONNECT"])
    func answers501ForOtherMethods(method: String) throws {
        let client = try Client()
        let answer = try client.request(method, method == "CONNECT" ? "localhost:80" : "/hello")
        #expect(answer.status == 501)
        #expect(answer.connection == "close")
        #expect(!client.isOpen)
    }

    @Test func namesItselfOnlyIfConfigured() throws {
        let client = try Client(options: ["server": "martlet test"])
        for (method, target) in [
            ("GET", "/hello"), ("GET", "/none/../gone"), ("POST", "/hello"), ("POST", "/echo"), ("OPTIONS", "*"),
            ("BREW", "/"),
        ] {
            #expect(try client.request(method, target)["Server"] == "martlet test")
        }
    }
}
