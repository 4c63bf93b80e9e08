import MartletKitTesting
import Testing

@testable import HTTPPlugin

/// A reload under a connected peer: the next request is answered by the new generation, and none is lost.
@Suite struct MovingTests {
    private let request = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
    private let newRoutes: OptionLiteral = [["path": "/hello", "text": "new"]]

    @Test func movesBetweenTwoRequests() throws {
        let old = try Client(options: ["max_requests": 3])
        let new = try Client(routes: newRoutes, options: ["max_requests": 3])
        #expect(try old.request("GET", "/hello").text == "hello, world\n")
        #expect(old.move(to: new) == .moved)
        #expect(try new.request("GET", "/hello").text == "new")
        // The count moved along: this is the third.
        #expect(try new.request("GET", "/hello").connection == "close")
        #expect(old.host.shutDown() == [])
        #expect(new.host.shutDown() == [])
    }

    @Test func movesInTheMiddleOfAHeadAtEveryByte() throws {
        let bytes = Array(request.utf8)
        for cut in 0..<bytes.count {
            let old = try Client()
            let new = try Client(routes: newRoutes)
            old.connection.send(Array(bytes[..<cut]))
            #expect(old.move(to: new) == .moved)
            new.connection.send(Array(bytes[cut...]))
            #expect(try Answer(only: new.connection.takeOutput()).text == "new", "cut at \(cut)")
        }
    }

    /// A request whose body moves at every byte is answered as if it had not.
    @Test(arguments: [
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nX: y\r\n\r\n",
        "DELETE /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd",
    ]) func movesInsideABodyAtEveryByte(request: String) throws {
        let bytes = Array(request.utf8)
        let whole = try Client()
        whole.connection.send(bytes)
        // An echo in chunks is cut where its input is: compare what it says.
        let expected = try Answer(only: whole.connection.takeOutput())
        for cut in 0...bytes.count {
            let old = try Client()
            let new = try Client()
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
        let new = try Client(routes: newRoutes)
        old.connection.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;na")
        #expect(old.move(to: new) == .later)
        old.connection.send("me\r\nx\r\n0\r\n\r\n")
        #expect(old.connection.takeOutput().count > 0)
        #expect(old.host.connections.isEmpty)
        #expect(try new.request("GET", "/hello").text == "new")
    }

    @Test func staysOnceItIsDrained() throws {
        let old = try Client()
        old.connection.send("GET /")
        old.host.drain()
        #expect(old.move(to: try Client()) == .stays)
    }

    @Test func aDrainAfterTheMoveKnowsOfUnreadInput() throws {
        let old = try Client()
        let new = try Client(routes: newRoutes)
        old.connection.send("GET /hel")
        #expect(old.move(to: new) == .moved)
        new.host.drain()
        #expect(new.isOpen)
        new.connection.send("lo HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try Answer(only: new.connection.takeOutput()).connection == "close")
        #expect(new.connection.end == .closed(.plugin))
    }
}
