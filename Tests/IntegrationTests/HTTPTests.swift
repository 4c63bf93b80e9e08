import Glibc
import Testing

/// The http plugin in the real server, over real sockets.
@Suite struct HTTPTests {
    private let folder: ServerFolder
    private let server: RunningServer
    private let address: ServerAddress
    private let largeFile = patternBytes(5_000_000, seed: 5)

    init() throws {
        folder = try ServerFolder()
        let pages = (0..<8).map { "[[options.routes]]\npath = \"/page/\($0)\"\ntext = \"page \($0)\"" }
        let others = """
            [[options.routes]]
            path = "/"
            text = "hello"
            [[options.routes]]
            path = "/files/"
            root = "public"
            [[options.routes]]
            path = "/echo"
            echo = true
            """
        try folder.install(BuildFolder.plugin("HTTPPlugin"), as: "http.so")
        try folder.listen("http", plugin: "http.so", (pages + [others]).joined(separator: "\n"))
        mkdir(folder.file("public"), 0o755)
        try Files.replace(folder.file("public/large.bin"), with: largeFile)
        server = try RunningServer(folder)
        address = try server.address(of: "http")
    }

    @Test func answersGetHeadAndMissingPaths() throws {
        let client = try HTTPPeer(address)
        let answer = try client.get("/")
        #expect(answer.status == 200 && answer.text == "hello")
        #expect(answer.fields["content-type"] == "text/plain; charset=utf-8")
        try client.send("HEAD", "/")
        let head = try client.answer(hasBody: false)
        #expect(head.status == 200 && head.fields["content-length"] == "5")
        #expect(try client.get("/files/nothing").status == 404)
        #expect(try client.get("/").text == "hello")
    }

    @Test(arguments: [
        ("/files/../../martlet.toml", 400, "400 Bad Request: path climbs above the root\n"),
        ("/files/..%2fhttp.toml", 400, "400 Bad Request: encoded slash in the path\n"),
        // The path leaves the folder before it is looked up there, so the route "/" answers.
        ("/files/%2e%2e/http.toml", 200, "hello"), ("/files/../http.toml", 200, "hello"),
        ("/files/http.toml", 404, "404 Not Found\n"),
    ])
    func servesNothingOutsideOfItsFolder(path: String, status: Int, text: String) throws {
        let answer = try HTTPPeer(address).get(path)
        #expect(answer.status == status)
        #expect(answer.text == text)
    }

    @Test func keepsTheConnectionAndCountsRequests() throws {
        let client = try HTTPPeer(address)
        for index in 0..<100 { #expect(try client.get("/page/\(index % 8)").text == "page \(index % 8)") }
        let counts = try #require(try server.listener("http")).counts
        #expect(counts.accepted == 1 && counts.requests == 100)
    }

    @Test func answersSixtyFourPipelinedRequestsInTheirOrder() throws {
        let client = try HTTPPeer(address)
        let requests = (0..<64).map { "GET /page/\($0 * 5 % 8) HTTP/1.1\r\nHost: x\r\n\r\n" }
        try client.peer.send(requests.joined())
        for index in 0..<64 { #expect(try client.answer().text == "page \(index * 5 % 8)") }
    }

    @Test func sendsAFileOfFiveMegabytesUnchanged() throws {
        let client = try HTTPPeer(address)
        for _ in 0..<2 {
            let answer = try client.get("/files/large.bin")
            #expect(answer.status == 200)
            expectSame(answer.body, largeFile)
        }
        try client.send("GET", "/files/large.bin", ["Range: bytes=4000000-4000099"])
        let part = try client.answer()
        #expect(part.status == 206 && part.body == Array(largeFile[4_000_000..<4_000_100]))
    }

    @Test func answersExpectContinue() throws {
        let client = try HTTPPeer(address)
        try client.send("POST", "/echo", ["Content-Length: 11", "Expect: 100-continue"])
        #expect(try client.answer().status == 100)
        try client.peer.send("hello again")
        let answer = try client.answer()
        #expect(answer.status == 200 && answer.text == "hello again")
    }

    @Test func refusesNonHTTPInputAndCloses() throws {
        let client = try HTTPPeer(address)
        try client.peer.send("this is not http at all\r\n\r\n")
        #expect(try client.answer().status == 400)
        #expect(try client.peer.waitForEnd() == .closed)
    }

    @Test func honoursConnectionClose() throws {
        let client = try HTTPPeer(address)
        try client.send("GET", "/", ["Connection: close"])
        #expect(try client.answer().text == "hello")
        #expect(try client.peer.waitForEnd() == .closed)
    }

    @Test func finishesADownloadBeforeTheServerStops() throws {
        let client = try HTTPPeer(address)
        try client.send("GET", "/files/large.bin")
        try waitUntil("the answer has begun") { client.peer.hasInput(within: 100) }
        server.signal(SIGTERM)
        expectSame(try client.answer().body, largeFile)
        #expect(try client.peer.waitForEnd() == .closed)
        client.peer.close()
        #expect(try server.process.wait(within: .seconds(10)).status == 0)
    }

    @Test func closesIdleKeepAliveConnectionsWhenTheServerStops() throws {
        let client = try HTTPPeer(address)
        #expect(try client.get("/").status == 200)
        server.signal(SIGTERM)
        #expect(try client.peer.waitForEnd() == .closed)
        client.peer.close()
        #expect(try server.process.wait(within: .seconds(10)).status == 0)
    }

    @Test func aBadRouteIsReportedWithItsLine() throws {
        try folder.listen("http", plugin: "http.so", "[[options.routes]]\npath = \"/x/\"\nroot = \"nowhere\"")
        let entry = try #require(try server.reload().entries.first)
        #expect(entry.outcome == .refused)
        #expect(entry.detail.contains("http.toml:5:"), "\(entry.detail)")
        #expect(entry.detail.contains("no such directory"), "\(entry.detail)")
        #expect(try HTTPPeer(address).get("/").text == "hello")
    }
}
