import MartletKitTesting
import Testing

@testable import HTTPPlugin

@Suite struct RequestRecordTests {
    @Test(arguments: [
        ("GET", "/hello?a=b", 200, false), ("HEAD", "/hello", 200, false), ("GET", "/gone", 410, false),
        ("GET", "/broken", 503, true), ("POST", "/hello", 405, false), ("OPTIONS", "*", 204, false),
        ("POST", "/echo", 200, false), ("GET", "http://x/page", 200, false), ("GET", "/error", 500, true),
        ("GET", "/timeout", 504, true), ("GET", "/insufficient", 507, false), ("HEAD", "/gone", 410, false),
    ])
    func recordsEachAnswer(method: String, target: String, status: UInt32, failed: Bool) throws {
        let client = try Client()
        client.connection.send("\(method) \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
        let record = try #require(client.host.requests.first)
        #expect(client.host.requests.count == 1)
        #expect(record.method == method)
        #expect(String(decoding: record.target, as: UTF8.self) == target)
        #expect(record.status == status)
        #expect(record.failed == failed)
        #expect(record.bytes == UInt64(client.connection.takeOutput().count))
    }

    /// The time of a slow body belongs to the time of the request, and the record still has the target.
    @Test func timesAnEchoFromItsHeadToItsEnd() throws {
        let client = try Client()
        client.connection.send("POST /echo?id=7 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        #expect(client.host.requests.isEmpty)
        client.host.advance(by: .seconds(5))
        client.connection.send("2\r\nhi\r\n")
        client.connection.send("0\r\n\r\n")
        let record = try #require(client.host.requests.first)
        #expect(String(decoding: record.target, as: UTF8.self) == "/echo?id=7")
        #expect(record.bytes == UInt64(client.connection.takeOutput().count))
        #expect(record.started > 0)
        #expect(client.host.shutDown() == [])
    }

    /// A peer can send any number of these, so they must not count as failures of the plugin.
    @Test(arguments: [
        ("BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n", 501), ("GET / HTTP/2.0\r\n\r\n", 505), ("GET /\r\n\r\n", 400),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ])
    func aRefusedRequestDoesNotCountAsFailed(request: String, status: UInt32) throws {
        let client = try Client()
        client.connection.send(request)
        #expect(client.host.requests.map(\.status) == [status])
        #expect(client.host.requests.map(\.failed) == [false])
    }

    @Test func aRefusedRequestHasNeitherMethodNorTarget() throws {
        let client = try Client()
        client.connection.send("nonsense\r\n\r\n")
        let record = try #require(client.host.requests.first)
        #expect(record.method == "-")
        #expect(record.target == [])
        #expect(record.status == 400)
    }
}
