import MartletKitTesting
import Testing

@testable import HTTPPlugin

@Suite struct FileTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("index.html", "<h1>index")
        try folder.write("a.txt", "text")
        try folder.write("style.CSS", "css")
        try folder.write("noextension", "bytes")
        try folder.write("empty.txt", "")
        try folder.write("space & ü.json", "{}")
        try folder.write("large.bin", [UInt8](repeating: 0x4C, count: 100_000))
        try folder.write("just.small", [UInt8](repeating: 0x53, count: CachedFile.smallest))
        try folder.write("just.large", [UInt8](repeating: 0x54, count: CachedFile.smallest + 1))
        try folder.folder("sub")
        try folder.write("sub/index.html", "<h1>sub")
        try folder.folder("bare")
        try folder.write("bare/file.html", "<p>")
        try folder.folder("odd")
        try folder.folder("odd/index.html")
    }

    @Test(arguments: [
        ("/a.txt", "text/plain; charset=utf-8", "text"), ("/style.CSS", "text/css; charset=utf-8", "css"),
        ("/noextension", "application/octet-stream", "bytes"), ("/empty.txt", "text/plain; charset=utf-8", ""),
        ("/space%20&%20%C3%BC.json", "application/json", "{}"), ("/", "text/html; charset=utf-8", "<h1>index"),
        ("/sub/", "text/html; charset=utf-8", "<h1>sub"), ("/sub/index.html", "text/html; charset=utf-8", "<h1>sub"),
        ("/bare/../a.txt", "text/plain; charset=utf-8", "text"), ("//a.txt", "text/plain; charset=utf-8", "text"),
        ("/sub/./index.html?q", "text/html; charset=utf-8", "<h1>sub"),
    ])
    func servesAFileWithItsType(target: String, type: String, text: String) throws {
        let client = try Client(root: folder.path)
        for _ in 0..<2 {
            let answer = try client.request("GET", target)
            #expect(answer.status == 200)
            #expect(answer["Content-Type"] == type)
            #expect(answer["Content-Length"] == "\(text.utf8.count)")
            #expect(answer["Last-Modified"] == "Sun, 13 Sep 2020 12:26:40 GMT")
            #expect(answer["Accept-Ranges"] == "bytes")
            #expect(answer["Cache-Control"] == nil)
            #expect(answer.text == text)
        }
        let head = try client.request("HEAD", target)
        let get = try client.request("GET", target)
        #expect(head.content == [])
        #expect(head.fields.elementsEqual(get.fields) { $0 == $1 })
        #expect(client.host.shutDown() == [])
    }

    @Test(arguments: [("large.bin", 100_000), ("just.small", 16_384), ("just.large", 16_385)])
    func servesSmallAndLargeFilesAlike(name: String, size: Int) throws {
        let client = try Client(root: folder.path)
        for method in ["GET", "HEAD", "GET"] {
            for version in ["1.1", "1.0"] {
                let answer = try client.request(method, "/\(name)", version: version)
                #expect(answer["Content-Length"] == "\(size)")
                #expect(answer.content.count == (method == "HEAD" ? 0 : size))
                #expect(answer.connection == (version == "1.0" ? "close" : nil))
            }
        }
        #expect(client.host.requests.allSatisfy { ($0.bytes > UInt64(size)) == ($0.method == "GET") })
        #expect(client.host.shutDown() == [])
    }

    @Test func sendsTheFieldsOfItsOptions() throws {
        let client = try Client(
            root: folder.path, route: ["index": "file.html", "cache_control": "max-age=60"], options: ["server": "m"])
        let answer = try client.request("GET", "/bare/")
        #expect(answer.text == "<p>")
        #expect(answer["Cache-Control"] == "max-age=60")
        #expect(answer["Server"] == "m")
        #expect(try client.status("GET", "/") == 404)
    }

    /// A folder without an index is not listed, and the answer does not reveal that it exists.
    @Test(arguments: [
        "/missing", "/missing/", "/a.txt/", "/a.txt/b", "/bare/", "/odd/", "/sub/missing", "/A.TXT",
        "/" + String(repeating: "n", count: 300), "/" + String(repeating: "long/", count: 1_200),
    ])
    func answers404ForAMissingFile(target: String) throws {
        let client = try Client(root: folder.path)
        #expect(try client.status("GET", target) == 404)
        #expect(client.isOpen)
    }

    @Test(arguments: [
        ("/sub", "/sub/"), ("/sub?a=b&c", "/sub/?a=b&c"), ("/bare/../sub", "/sub/"), ("//sub", "/sub/"),
        ("/odd/index.html", "/odd/index.html/"),
    ])
    func redirectsToTheFolderWithASlash(target: String, location: String) throws {
        let client = try Client(root: folder.path)
        let answer = try client.request("GET", target)
        #expect(answer.status == 301)
        #expect(answer["Location"] == location)
        #expect(client.isOpen)
    }

    /// `//host` would send the browser to another server, and so would `/\host`.
    @Test func neverRedirectsToAnotherServer() throws {
        try folder.folder("example.com")
        try folder.folder("\\example.com")
        try folder.folder("a b\r\n?#%")
        let client = try Client(root: folder.path)
        #expect(try client.request("GET", "//example.com")["Location"] == "/example.com/")
        #expect(try client.request("GET", "/\\example.com")["Location"] == "/%5Cexample.com/")
        #expect(try client.request("GET", "/%5cexample.com")["Location"] == "/%5Cexample.com/")
        #expect(try client.request("GET", "/a%20b%0d%0a%3F%23%25")["Location"] == "/a%20b%0D%0A%3F%23%25/")
    }

    @Test func servesAFolderBelowAPrefix() throws {
        let client = try Client(routes: [
            ["path": "/files/", "root": .text(folder.path)], ["path": "/files/a.txt", "text": "from a route"],
            ["path": "/files/sub/", "text": "prefix"],
        ])
        #expect(try client.request("GET", "/files/noextension").text == "bytes")
        #expect(try client.request("GET", "/files/a.txt").text == "from a route")
        #expect(try client.request("GET", "/files/x/../a.txt").text == "from a route")
        #expect(try client.request("GET", "/files/sub/index.html").text == "prefix")
        #expect(try client.request("GET", "/files")["Location"] == "/files/")
        #expect(try client.request("GET", "/files/").text == "<h1>index")
        #expect(try client.status("GET", "/filesx") == 404)
        #expect(try client.status("GET", "/a.txt") == 404)
    }

    @Test func answersPipelinedFilesInOrder() throws {
        let client = try Client(
            root: folder.path, limits: HostLimits(outputHighWater: 20_000, outputLowWater: 5_000), readsAtOnce: false)
        let names = ["a.txt", "large.bin", "empty.txt", "just.large", "noextension", "large.bin", "just.small"]
        client.connection.send(names.map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
        while client.connection.waitingOutput > 0 { client.connection.read(upTo: 7_777) }
        let sizes = try Answer.all(client.connection.takeOutput()).map(\.content.count)
        #expect(sizes == [4, 100_000, 0, 16_385, 5, 100_000, 16_384])
        #expect(client.host.shutDown() == [])
    }

    @Test func aResetReleasesTheFile() throws {
        let client = try Client(
            root: folder.path, options: ["open_files": 0],
            limits: HostLimits(outputHighWater: 1_000, outputLowWater: 100), readsAtOnce: false)
        client.connection.send("GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n")
        client.connection.read(upTo: 500)
        client.connection.reset()
        #expect(client.host.shutDown() == [])
    }
}
