import Testing

/// The binary plugin in the real server, through the real command line.
@Suite struct BinaryTests {
    private let server: RunningServer
    private let address: String

    init() throws {
        server = try binaryServer()
        address = try server.address(of: "binary").text
    }

    private func martlet(_ words: String...) throws -> Subprocess.Result {
        try Subprocess.run(BuildFolder.martlet, ["binary"] + words)
    }

    @Test func pingsAndEchoes() throws {
        let ping = try martlet("ping", address, "--count", "2")
        #expect(ping.status == 0)
        #expect(ping.output.split(separator: "\n").filter { $0.hasPrefix("pong after ") }.count == 2)
        #expect(try martlet("echo", address, "over and over").output == "over and over")
    }

    @Test func putsGetsScansAndDeletes() throws {
        #expect(try martlet("put", address, "greeting", "hello").output == "created\n")
        #expect(try martlet("put", address, "greeting", "hi").output == "replaced\n")
        #expect(try martlet("put", address, "grey", "heron").status == 0)
        #expect(try martlet("get", address, "greeting").output == "hi")
        #expect(try martlet("scan", address, "gre").output == "greeting\thi\ngrey\theron\n")
        #expect(try martlet("delete", address, "grey").output == "deleted\n")
        let missing = try martlet("get", address, "grey")
        #expect(missing.status == 1)
        #expect(missing.errors.contains("no such key \"grey\""))
    }

    @Test func reportsAnAddressThatDoesNotAnswer() throws {
        let port = try freePort()
        let result = try martlet("ping", "127.0.0.1:\(port)")
        #expect(result.status == 1)
        #expect(result.errors.contains("127.0.0.1:\(port)"))
    }
}

/// A server with a binary listener.
func binaryServer() throws -> RunningServer {
    let folder = try ServerFolder()
    try folder.install(BuildFolder.plugin("BinaryPlugin"), as: "binary.so")
    try folder.listen("binary", plugin: "binary.so", "[limits]\nmax_input = \"2MiB\"")
    return try RunningServer(folder)
}
