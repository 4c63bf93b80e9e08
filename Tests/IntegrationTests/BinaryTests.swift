import Glibc
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

    @Test func writesUnderConditions() throws {
        let first = try martlet("put", address, "lease", "me", "--if-absent", "--ttl", "1h")
        #expect(first.status == 0 && first.output.hasPrefix("created, version "))
        let version = first.output.split(separator: " ").last.map { $0.filter { !$0.isNewline } } ?? ""
        let second = try martlet("put", address, "lease", "you", "--if-absent")
        #expect(second.status == 1 && second.errors == "martlet: not put: the key \"lease\" has version \(version)\n")
        let read = try martlet("get", address, "lease", "--with-version").output
        let hasRest =
            read.hasPrefix("version \(version), expires in 59m")
            || read.hasPrefix("version \(version), expires in 1h\n")
        #expect(hasRest && read.hasSuffix("\nme"))
        let replaced = try martlet("put", address, "lease", "again", "--if-version", version)
        #expect(replaced.output.hasPrefix("replaced, version "))
        #expect(try martlet("delete", address, "lease", "--if-version", version).status == 1)
        let now = try martlet("get", address, "lease", "--with-version").output.split { $0 == " " || $0 == "\n" }
        #expect(now.count == 3 && now[2] == "again")
        #expect(try martlet("delete", address, "lease", "--if-version", String(now[1])).output == "deleted\n")
        let gone = try martlet("delete", address, "lease", "--if-version", "7")
        #expect(gone.status == 1 && gone.errors == "martlet: not deleted: no such key \"lease\"\n")
        for words in [
            ["--ttl", "soon"], ["--ttl", "0s"], ["--if-version", "0"], ["--if-absent", "--if-version", "1"],
        ] {
            #expect(try Subprocess.run(BuildFolder.martlet, ["binary", "put", address, "k", "v"] + words).status == 64)
        }
    }

    @Test(arguments: [false, true])
    func printsChanges(json: Bool) throws {
        let words = ["binary", "watch", address, "--prefix", "gre"] + (json ? ["--json"] : [])
        let watch = try Subprocess(BuildFolder.martlet, words)
        try waitUntil("the server has taken the watch") { watch.errors.contains("watching") }
        _ = try martlet("put", address, "greeting", "hello")
        _ = try martlet("put", address, "other", "hello")
        _ = try martlet("put", address, "grey", "heron", "--ttl", "1ms")
        _ = try martlet("delete", address, "greeting")
        try waitUntil("all changes are printed") { watch.output.split(separator: "\n").count == 4 }
        watch.signal(SIGINT)
        try waitUntil("it has ended") { !watch.isRunning }
        let lines = watch.output.split(separator: "\n").map { $0.filter { !$0.isNumber } }
        let expected =
            json
            ? [
                #"{"event":"put","key":"greeting","version":}"#, #"{"event":"put","key":"grey","version":}"#,
                #"{"event":"deleted","key":"greeting"}"#, #"{"event":"expired","key":"grey"}"#,
            ] : ["put\tgreeting\t", "put\tgrey\t", "deleted\tgreeting", "expired\tgrey"]
        // The server may find the expired key before the other is deleted.
        #expect(Array(lines.prefix(2)) == Array(expected.prefix(2)))
        #expect(Set(lines) == Set(expected))
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
