import MartletKitTesting
import Testing

@testable import HTTPPlugin

/// A reload while a peer is connected: the new generation answers the next request, and no request is lost.
@Suite struct MovingTests {
    private let request = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
    private let newRoutes: OptionLiteral = [["path": "/hello", "text": "new"]]

    @Test func movesBetweenTwoRequests() throws {
        let old = try Client(options: ["max_requests": 3])
        let new = try Client(after: old, routes: newRoutes, options: ["max_requests": 3])
        #expect(try old.request("GET", "/hello").text == "hello, world\n")
        #expect(old.move(to: new) == .moved)
        #expect(try new.request("GET", "/hello").text == "new")
        // The request count moved too: this is the third request.
        #expect(try new.request("GET", "/hello").connection == "close")
        #expect(old.host.shutDown() == [])
        #expect(new.host.shutDown() == [])
    }

    @Test func movesInTheMiddleOfAHeadAtEveryByte() throws {
        let bytes = Array(request.utf8)
        for cut in 0..<bytes.count {
            let old = try Client()
            let new = try Client(after: old, routes: newRoutes)
            old.connection.send(Array(bytes[..<cut]))
            #expect(old.move(to: new) == .moved)
            new.connection.send(Array(bytes[cut...]))
            #expect(try Answer(only: new.connection.takeOutput()).text == "new", "cut at \(cut)")
        }
    }

    /// The answer is the same if the session moves after every byte of the body.
    @Test(arguments: [
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nX: y\r\n\r\n",
        "DELETE /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd",
    ]) func movesInsideABodyAtEveryByte(request: String) throws {
        let bytes = Array(request.utf8)
        let whole = try Client()
        whole.connection.send(bytes)
        // A chunked echo has a chunk for each piece of input, so compare the contents.
        let expected = try Answer(only: whole.connection.takeOutput())
        for cut in 0...bytes.count {
            let old = try Client()
            let new = try Client(after: old)
            old.connection.send(Array(bytes[..<cut]))
            let outcome = old.move(to: new)
            #expect(outcome == .moved, "cut at \(cut)")
            let before = old.connection.takeOutput()
            new.connection.send(Array(bytes[cut...]))
            let answer = try Answer(only: before + new.connection.takeOutput())
            #expect(answer.status == expected.status, "cut at \(cut)")
            #expect(answer.text == expected.text, "cut at \(cut)")
            #expect(try new.request("GET", "/hello").status == 200, "cut at \(cut)")
            #expect(new.host.shutDown() == [])
            #expect(old.host.shutDown() == [])
        }
    }

    @Test func waitsInsideAChunkExtension() throws {
        let old = try Client()
        let new = try Client(after: old, routes: newRoutes)
        old.connection.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;na")
        #expect(old.move(to: new) == .later)
        old.connection.send("me\r\nx\r\n0\r\n\r\n")
        #expect(old.connection.takeOutput().count > 0)
        #expect(old.host.connections.isEmpty)
        #expect(try new.request("GET", "/hello").text == "new")
    }

    @Test func staysWhenItIsDraining() throws {
        let old = try Client()
        old.connection.send("GET /")
        old.host.drain()
        #expect(old.move(to: try Client(after: old)) == .stays)
    }

    @Test func aDrainAfterTheMoveAnswersUnreadInput() throws {
        let old = try Client()
        let new = try Client(after: old, routes: newRoutes)
        old.connection.send("GET /hel")
        #expect(old.move(to: new) == .moved)
        new.host.drain()
        #expect(new.isOpen)
        new.connection.send("lo HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try Answer(only: new.connection.takeOutput()).connection == "close")
        #expect(new.connection.end == .closed(.plugin))
    }
}
