import Configuration
import Glibc
import Server
import Testing

/// Listeners in hosts of their own.
@Suite(.serialized) struct IsolationTests {
    /// Echo in the shared host, and the plugin that dies in another one.
    private func server(_ isolation: String, process: String = "") throws -> RunningServer {
        let folder = try ServerFolder(process: process)
        try folder.installEcho()
        try folder.installDies(more: "exercise = false\nisolation = \"\(isolation)\"")
        return try RunningServer(folder)
    }

    private func hosts(_ server: RunningServer) throws -> [String: pid_t] {
        Dictionary(
            uniqueKeysWithValues: try server.processes.filter { $0.role == .host }.map { ($0.name, $0.pid) })
    }

    @Test func aCrashIsNotNoticedInAnotherHost() throws {
        let server = try server("process")
        let before = try hosts(server)
        #expect(Set(before.keys) == ["shared", "listener dies"])
        let peer = try server.connect()
        #expect(try peer.ask("before") == "before")
        server.mayCrash = true
        for round in 1...2 {
            try server.die("die segv")
            #expect(try peer.ask("round \(round)") == "round \(round)")
            #expect(try server.connect(to: "dies").ask("again") == "again")
        }
        try waitUntil("another host runs") { try hosts(server)["listener dies"] != before["listener dies"] }
        #expect(try hosts(server)["shared"] == before["shared"])
        #expect(try peer.ask("after") == "after")
        #expect(try server.listener("dies")?.host == "listener dies")
        #expect(try Processes.maps(before["shared"]!, server.row("dies").hash) == false)
    }

    /// The sockets of an address reach a host in one message, which has room for so many.
    @Test func theMostLoopsServeAlsoAfterACrash() throws {
        let server = try RunningServer.dies(process: "loops = \(ProcessConfiguration.loopLimit)")
        let host = try server.host
        #expect(try server.connect(to: "dies").ask("before") == "before")
        try server.die("die segv")
        try server.waitForHost(after: host)
        #expect(try server.connect(to: "dies").ask("after") == "after")
    }

    @Test func aHangIsNotNoticedInAnotherHost() throws {
        let folder = try ServerFolder(process: "loops = 1")
        try folder.installEcho()
        try folder.installDies(more: "exercise = false\nisolation = \"process\"\n[limits]\nhang_timeout = \"6s\"")
        let server = try RunningServer(folder)
        server.mayCrash = true
        let stuck = try server.connect(to: "dies")
        try stuck.send("die hang\n")
        let (answer, time) = try measure { try server.connect().ask("quick") }
        #expect(answer == "quick")
        #expect(time < .seconds(5) * Sanitizer.slowness, "\(time)")
        _ = try? stuck.waitForEnd()
        #expect(try server.connect(to: "dies").ask("again") == "again")
    }

    @Test func listenersOfAGroupShareAHost() throws {
        let folder = try ServerFolder()
        try folder.installDies(as: "one", more: "exercise = false\nisolation = \"pair\"")
        try folder.installDies(as: "two", more: "exercise = false\nisolation = \"pair\"")
        let server = try RunningServer(folder)
        let before = try hosts(server)
        #expect(Set(before.keys) == ["shared", "group pair"])
        server.mayCrash = true
        try server.die("die segv", at: "one")
        #expect(try server.connect(to: "two").ask("both") == "both")
        try waitUntil("another host runs") { try hosts(server)["group pair"] != before["group pair"] }
        #expect(try server.crashes(1).map(\.listener) == ["one"])
    }

    @Test func aHostEndsWithItsLastListener() throws {
        let server = try server("process")
        let host = try #require(try hosts(server)["listener dies"])
        let peer = try server.connect(to: "dies")
        #expect(try peer.ask("here") == "here")
        try server.folder.remove("dies.toml")
        #expect(try server.reload("dies") == .stopped)
        #expect(try peer.ask("still here") == "still here", "its connections keep the host")
        #expect(kill(host, 0) == 0)
        peer.close()
        try waitUntil("the host has ended", within: .seconds(30)) { kill(host, 0) != 0 }
        #expect(try hosts(server).keys.sorted() == ["shared"])
    }

    @Test func aHostEndsWhenItsOnlyListenerIsRefused() throws {
        let server = try RunningServer.echo()
        try server.folder.installFixture("fails-to-create", "exercise = false\nisolation = \"process\"")
        #expect(try server.reload("fails-to-create") == .refused)
        try waitUntil("there is no other host") { try hosts(server).keys.sorted() == ["shared"] }
    }

    @Test func theHostOfARunningListenerStays() throws {
        let server = try server("shared")
        try server.folder.installDies(more: "exercise = false\nisolation = \"process\"")
        let receipt = try server.reload()
        let detail = try receipt.entry(of: "dies").detail
        #expect(
            receipt.result == .refused
                && detail.contains("isolation: expected \"shared\" as long as the listener runs"),
            "\(detail)")
        // It can come back elsewhere once it has stopped.
        try server.folder.installDies(more: "exercise = false\nenabled = false")
        #expect(try server.reload("dies") == .stopped)
        try server.folder.installDies(more: "exercise = false\nisolation = \"process\"")
        #expect(try server.reload("dies") == .started)
        #expect(try hosts(server).count == 2)
    }

    @Test func swapsAndRollbacksStayInTheHost() throws {
        let folder = try ServerFolder()
        let more = "exercise = false\nisolation = \"process\""
        try folder.installDies(["VERSION": "\"1.0.0\""], more: more)
        let server = try RunningServer(folder)
        let before = try hosts(server)
        let peer = try server.connect(to: "dies")
        #expect(try peer.ask("one") == "one")
        try folder.installDies(["VERSION": "\"2.0.0\""], more: more)
        #expect(try server.reload("dies") == .swapped)
        #expect(try server.row("dies").version == "2.0.0")
        #expect(try peer.ask("two") == "two")
        try server.rollback("dies")
        #expect(try server.row("dies").version == "1.0.0")
        #expect(try hosts(server) == before)
    }

    @Test func aNameThatIsNoneIsRefused() throws {
        let folder = try ServerFolder()
        try folder.installDies(more: "exercise = false\nisolation = \"a b\"")
        let result = try folder.martlet("config", "check", folder.plugins)
        #expect(result.status == 1)
        #expect((result.output + result.errors).contains("isolation: expected a name of letters, digits"), "\(result)")
    }

    /// The limit of the process file counts the connections of all hosts.
    @Test func maximumConnectionsHoldsForAllHostsTogether() throws {
        let server = try server("process", process: "loops = 1\nmax_connections = 3")
        let first = try server.connect()
        #expect(try first.ask("1") == "1")
        let second = try server.connect(to: "dies")
        #expect(try second.ask("2") == "2")
        let third = try server.connect()
        #expect(try third.ask("3") == "3")
        let fourth = try server.connect(to: "dies")
        try fourth.send("4\n")
        #expect(!fourth.hasInput(within: 300), "it waits in the accept queue")
        first.close()
        #expect(try fourth.receiveLine() == "4")
        // What a host used that has ended is free again.
        server.mayCrash = true
        try second.send("die segv\n")
        _ = try? second.waitForEnd()
        _ = try? fourth.waitForEnd()
        let fifth = try server.connect()
        #expect(try fifth.ask("5") == "5")
        let sixth = try server.connect(to: "dies")
        #expect(try sixth.ask("6") == "6")
    }

    @Test func everyHostHasItsMetricsAndWorkers() throws {
        let server = try server("process")
        let metrics = try server.folder.martlet("metrics").output
        #expect(metrics.contains("\nmartlet_loop_turns_total{loop=\"0\"} "))
        #expect(metrics.contains("\nmartlet_loop_turns_total{host=\"listener dies\",loop=\"0\"} "), "\(metrics)")
        let resized = try server.folder.martlet("workers", "resize", "--max", "7", "--host", "listener dies")
        #expect(resized.output.contains("1 to 7"), "\(resized)")
        #expect(try !server.folder.martlet("workers").output.contains("1 to 7"))
        let missing = try server.folder.martlet("workers", "--host", "nobody")
        #expect(missing.status == 1 && missing.errors.contains("there is no such host"), "\(missing)")
        #expect(try server.folder.martlet("status").output.contains("workers (listener dies)"))
    }

    @Test func theServerStopsAllHosts() throws {
        let server = try server("process")
        let hosts = try hosts(server)
        #expect(try server.stop() == 0)
        for host in hosts.values { #expect(kill(host, 0) != 0) }
    }
}
