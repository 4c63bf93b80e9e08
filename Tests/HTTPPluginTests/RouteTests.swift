import MartletKitTesting
import Testing

@testable import HTTPPlugin

@Suite struct RouteTests {
    @Test(arguments: [
        ("/", "home"), ("/hello", "hello, world\n"), ("/hello?x=1", "hello, world\n"), ("/hello/", "home"),
        ("/unknown", "home"), ("/api", "home"), ("/api/", "api"), ("/api/v1/x", "api"), ("/api/v2", "api"),
        ("/api/v2/", "v2"), ("/api/v2/users/7", "v2"), ("/api/v20", "api"), ("http://other:81", "home"),
        ("http://other/hello", "hello, world\n"), ("HTTP://other?query", "home"),
    ])
    func answersTheLongestMatch(target: String, text: String) throws {
        let client = try Client()
        let answer = try client.request("GET", target)
        #expect(answer.status == 200)
        #expect(answer.text == text)
        #expect(client.host.shutDown() == [])
    }

    /// Another spelling of a path must not reach another route.
    @Test(arguments: [
        "/%68ello", "/./hello", "//hello", "/x/../hello", "/x/%2e%2E/hello", "/api/../hello", "/%2e/hello",
        "/api/v2/../../hello",
    ])
    func comparesPathsInTheirNormalForm(target: String) throws {
        #expect(try Client().request("GET", target).text == "hello, world\n")
    }

    @Test func answersWithOnlyTheRequiredFields() throws {
        let client = try Client()
        let output = client.exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        let date = try #require(output.split(separator: "\r\n").first { $0.hasPrefix("Date: ") })
        #expect(
            output == """
                HTTP/1.1 200 OK\r
                \(date)\r
                Content-Type: text/plain; charset=utf-8\r
                Content-Length: 13\r
                \r
                hello, world

                """)
    }

    /// The fast path patches a prepared answer, the slow path writes a head: both must have the same date.
    @Test func theDateFollowsTheClock() throws {
        let client = try Client()
        let first = try #require(try client.request("GET", "/hello").date)
        var elapsed: Int64 = 0
        for seconds in [0, 0, 1, 0, 1, 58, 3_600, 86_400] {
            client.host.advance(by: .seconds(seconds))
            elapsed += Int64(seconds)
            #expect(try client.request("GET", "/hello").date == first + elapsed)
            #expect(try client.request("HEAD", "/page").date == first + elapsed)
            #expect(try client.request("POST", "/hello").date == first + elapsed)
        }
    }

    @Test func hasTheTypeStatusAndLocationOfItsOptions() throws {
        let client = try Client()
        #expect(try client.request("GET", "/page")["Content-Type"] == "text/html")
        #expect(try client.request("GET", "/gone").status == 410)
        let moved = try client.request("GET", "/old")
        #expect(moved.status == 308)
        #expect(moved["Location"] == "/hello")
        #expect(moved["Content-Length"] == "0")
        let empty = try client.request("GET", "/empty")
        #expect(empty.status == 204)
        #expect(empty["Content-Type"] == nil)
    }

    @Test func answers404WithoutARoute() throws {
        let client = try Client(routes: [["path": "/only", "text": "x"]])
        let answer = try client.request("GET", "/other")
        #expect(answer.status == 404)
        #expect(answer.text == "404 Not Found\n")
        #expect(try client.status("GET", "/only") == 200)
        #expect(try client.status("GET", "/only/") == 404)
        #expect(try client.status("OPTIONS", "/other") == 404)
        #expect(client.isOpen)
    }

    @Test func showsAWelcomePageWithoutRoutes() throws {
        let answer = try Client(routes: []).request("GET", "/")
        #expect(answer["Content-Type"] == "text/html; charset=utf-8")
        #expect(answer.text.contains("Martlet"))
    }

    /// Compares with the definition: the longest of all routes that match.
    @Test(arguments: UInt64(1)...20) func findsTheSameRouteAsALinearSearch(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        func path() -> String {
            let segments = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                String(["a", "b", "ab", "a.b"].randomElement(using: &generator)!)
            }
            return "/" + segments.joined(separator: "/")
                + (Bool.random(using: &generator) && !segments.isEmpty ? "/" : "")
        }
        let paths = Set((0..<12).map { _ in path() }).sorted { _, _ in Bool.random(using: &generator) }
        let table = try RouteTable(
            paths.map { RouteDescription(path: $0, resource: .echo) }, server: FieldText(""))
        for _ in 0..<200 {
            let target = path()
            let expected = paths.filter { $0 == target || ($0.hasSuffix("/") && target.hasPrefix($0)) }
                .max { $0.utf8.count < $1.utf8.count }
            let found = Array(target.utf8).withUnsafeBufferPointer { bytes in
                table.index.longestMatch(for: bytes).map { String(decoding: $0.pointee.path, as: UTF8.self) }
            }
            #expect(found == expected, "\(target) among \(paths), seed \(seed)")
        }
    }
}
