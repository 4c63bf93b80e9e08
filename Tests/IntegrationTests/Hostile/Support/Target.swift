import Server
import TestInput
import Testing

/// A server with all of this repository's plugins and one in C, each on its own listener, and the server's status before the test.
final class Target {
    static let listeners = ["echo", "http", "binary", "shout", "proxied"]

    let server: RunningServer
    let addresses: [String: ServerAddress]
    private let before: StatusReport
    private let memory: UInt64

    /// - Parameters:
    ///   - limits: lines of `[limits]` for every listener.
    ///   - dispatch: a line for the echo listener, whose plugin can also run on workers.
    ///   - faults: the value of MARTLET_INJECT (`FaultInjection`).
    init(process: String = "", limits: String = "", dispatch: String = "", faults: String? = nil) throws {
        let folder = try ServerFolder(process: process)
        // Other tests exercise the plugins.
        let table = "exercise = false\n[limits]\nmax_input = \"2MiB\"\n\(limits)\n"
        try folder.install(BuildFolder.plugin("EchoPlugin"), as: "echo.so")
        try folder.listen("echo", plugin: "echo.so", dispatch + "\n" + table)
        try folder.install(BuildFolder.plugin("HTTPPlugin"), as: "http.so")
        try folder.listen("http", plugin: "http.so", table + Self.routes)
        try folder.install(BuildFolder.plugin("BinaryPlugin"), as: "binary.so")
        try folder.listen("binary", plugin: "binary.so", table)
        try folder.install(Fixture.library("shout"), as: "shout.so")
        try folder.listen("shout", plugin: "shout.so", table)
        try folder.listen("proxied", plugin: "shout.so", table + "[access]\nproxies = [\"127.0.0.0/8\"]")
        server = try RunningServer(folder, launcher: faults.map { ["env", "MARTLET_INJECT=\($0)"] } ?? [])
        var addresses: [String: ServerAddress] = [:]
        for name in Self.listeners { addresses[name] = try server.address(of: name) }
        self.addresses = addresses
        before = try server.status()
        memory = try server.ownBytes
    }

    private static let routes = """
        [[options.routes]]
        path = "/"
        text = "hello"
        [[options.routes]]
        path = "/echo"
        echo = true
        """

    func connect(_ listener: String, receiveBuffer: Int32? = nil) throws -> Peer {
        try Peer(addresses[listener]!, receiveBuffer: receiveBuffer)
    }

    /// Connects from a random address of 127.0.0.0/8. A single address does not have enough ports for a flood, since every closed
    /// connection occupies one for a minute (tcp(7), TIME_WAIT).
    func connect(_ listener: String, _ generator: inout SeededGenerator, receiveBuffer: Int32? = nil) throws -> Peer {
        let source = "127.\(generator.below(250)).\(generator.below(250)).\(1 + generator.below(250))"
        return try Peer(addresses[listener]!, from: source, receiveBuffer: receiveBuffer)
    }

    /// Checks that a well-behaved peer of each listener gets the right answer.
    func serveEverybody() throws {
        guard try connect("echo").ask("well") == "well" else { throw Failure("echo: wrong answer") }
        guard try connect("shout").ask("well") == "WELL" else { throw Failure("shout: wrong answer") }
        guard try HTTPPeer(addresses["http"]!).get("/").text == "hello" else { throw Failure("http: wrong answer") }
        try BinaryPeer(addresses["binary"]!).expectEcho(Array("well".utf8))
        let proxied = try connect("proxied")
        try proxied.send(ProxyLine.text("192.0.2.7"))
        guard try proxied.ask("well") == "WELL" else { throw Failure("shout behind a proxy: wrong answer") }
    }

    /// Checks that every listener serves without delay.
    func expectServes(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let (_, time) = try measure { try serveEverybody() }
        #expect(time < .seconds(4) * Sanitizer.slowness, "five peers took \(time)", sourceLocation: sourceLocation)
    }

    /// Checks that no trace of the peers is left once they are gone.
    func expectUnharmed(growth: UInt64 = 48 << 20, sourceLocation: SourceLocation = #_sourceLocation) throws {
        guard server.process.isRunning else {
            throw Failure(
                "the server exited with status \(server.process.exitStatus ?? -1): \(server.log.suffix(2_000))")
        }
        try waitUntil("all connections are gone") { try server.openConnections == 0 }
        let faults = try server.status().listeners.filter { $0.counts.faults > 0 }.map(\.name)
        #expect(faults.isEmpty, "no peer may make a plugin break a rule", sourceLocation: sourceLocation)
        try expectServes(sourceLocation: sourceLocation)
        try expectQuiet(growth: growth, sourceLocation: sourceLocation)
    }

    /// Checks that all connections, descriptors and memory are released.
    func expectQuiet(growth: UInt64 = 48 << 20, sourceLocation: SourceLocation = #_sourceLocation) throws {
        try waitUntil("all descriptors are released") {
            try server.openConnections == 0 && server.status().fileDescriptors <= before.fileDescriptors
        }
        try expectBoundedMemory(growth, sourceLocation: sourceLocation)
    }

    func expectBoundedMemory(_ growth: UInt64, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let now = try server.ownBytes
        #expect(
            now < memory + Sanitizer.bytes(growth), "\(mebibytes(memory)) -> \(mebibytes(now))",
            sourceLocation: sourceLocation)
    }
}
