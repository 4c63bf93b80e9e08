import Glibc
import Server
import Testing

/// The plugins of this package: built with today's SDK on a grown host, and with a grown SDK on today's host.
@Suite(.enabled(if: GrownBuild.exists, "\(GrownBuild.howTo)")) struct GrownSwiftPluginTests {
    @Test(arguments: [Age.today, .grown])
    func echoServesAndItsSessionsMove(on host: Age) throws {
        let folder = try ServerFolder()
        try folder.install(Age.today.plugin("EchoPlugin"), as: "echo.so")
        try folder.listen("echo", plugin: "echo.so")
        let server = try host.serve(folder)
        let peer = try server.connect()
        #expect(try peer.ask("of today") == "of today")
        for (plugin, text) in [(Age.grown, "of tomorrow"), (.today, "and back")] {
            try folder.install(plugin.plugin("EchoPlugin"), as: "echo.so")
            let entry = try #require(try server.reload().entries.first)
            #expect(entry.outcome == .swapped)
            #expect(entry.moves?.migrated == 1)
            #expect(try peer.ask(text) == text)
        }
        #expect(try server.stop() == 0)
    }

    @Test(arguments: [(Age.today, Age.grown), (.grown, .today)])
    func httpReadsItsOptionsAndAnswers(on host: Age, _ plugin: Age) throws {
        let folder = try ServerFolder()
        try folder.install(plugin.plugin("HTTPPlugin"), as: "http.so")
        let routes = (0..<3).map { "[[options.routes]]\npath = \"/page/\($0)\"\ntext = \"page \($0)\"" }
        try folder.listen("http", plugin: "http.so", routes.joined(separator: "\n"))
        let server = try host.serve(folder)
        let client = try HTTPPeer(server.address(of: "http"))
        for page in 0..<3 { #expect(try client.get("/page/\(page)").text == "page \(page)") }
        #expect(try client.get("/nothing").status == 404)
        try waitUntil("the requests are counted") { try server.listener("http")?.counts.requests == 4 }
        #expect(try server.listener("http")?.counts.failedRequests == 0)
        #expect(try server.stop() == 0)
    }

    @Test(arguments: [(Age.today, Age.grown), (.grown, .today)])
    func binaryServesAndIsCalled(on host: Age, _ plugin: Age) throws {
        let folder = try ServerFolder()
        try folder.install(plugin.plugin("BinaryPlugin"), as: "binary.so")
        try folder.listen("binary", plugin: "binary.so", "[limits]\nmax_input = \"2MiB\"")
        let server = try host.serve(folder)
        let address = try server.address(of: "binary").text
        let put = try Subprocess.run(BuildFolder.martlet, ["binary", "put", address, "greeting", "hello"])
        #expect(put.output == "created\n", "\(put.errors)")
        #expect(try Subprocess.run(BuildFolder.martlet, ["binary", "get", address, "greeting"]).output == "hello")
        let count = try folder.martlet("call", "binary", "count", "g")
        #expect(count.output == "1\n", "\(count.errors)")
        #expect(try server.stop() == 0)
    }
}
