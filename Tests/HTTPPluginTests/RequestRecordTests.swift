import MartletKitTesting
import Testing

@testable import HTTPPlugin

@Suite struct RequestRecordTests {
    @Test(arguments: [
        ("GET", "/hello?a=b", 200, false), ("HEAD", "/hello", 200, false), ("GET", "/gone", 410, false),
        ("GET", "/broken", 503, true), ("POST", "/hello", 405, false), ("OPTIONS", "*", 204, false),
        ("POST", "/echo", 200, false), ("GET", "http://x/page", 200, false),
    ])
    func tellsOfEachAnswer(method: String, target: String, status: UInt32, failed: Bool) throws {
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

    /// A body that takes long belongs to the time of the request, and its target is known to the end.
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

    @Test func aRefusedRequestHasNeitherMethodNorTarget() throws {
        let client = try Client()
        client.connection.send("nonsense\r\n\r\n")
        let record = try #require(client.host.requests.first)
        #expect(record.method == "-")
        #expect(record.target == [])
        #expect(record.status == 400)
    }
}
