import Glibc
import Server
import Testing

/// The end of a host: its listeners go on in another one, and the report says what happened.
@Suite(.serialized) struct CrashTests {
    /// How the plugin ends the host, and the cause that is reported. Signals have a backtrace that names the function.
    @Test(
        arguments: [
            ("segv", "SIGSEGV"), ("abort", "SIGABRT"), ("overflow", "SIGSEGV"), ("exit", "exit status 3"),
            ("exit0", "exit status 0"), ("_exit", "exit status 4"), ("kill", "SIGKILL"),
            // AddressSanitizer reports a damaged heap instead.
        ] + (Sanitizer.isOn ? [] : [("heap", "SIGABRT")]))
    func aPluginThatEndsItsHostIsNamed(_ how: String, _ cause: String) throws {
        let server = try RunningServer.dies()
        let host = try server.host
        try server.die("die \(how)")
        try server.waitForHost(after: host)
        #expect(try server.connect(to: "dies").ask("again") == "again")
        let report = try #require(try server.crashes(1).first)
        #expect(report.cause == cause)
        #expect(report.listener == "dies" && report.plugin == "dies" && report.generation == 1)
        #expect(report.callback == "received")
        guard cause.hasPrefix("SIG"), how != "kill" else { return #expect(report.backtrace.isEmpty) }
        #expect(report.thread.hasPrefix("loop-"))
        let functions = report.backtrace.compactMap(\.function)
        #expect(
            functions.contains(how == "overflow" ? "overflow" : "die_here"), "\(report.backtrace)")
        #expect(report.backtrace.count <= 64)
        if how != "overflow" { #expect(report.backtrace.contains { $0.object == "martlet" }, "\(report.backtrace)") }
        let shown = try server.folder.martlet("crashes", "show", "1")
        #expect(shown.output.contains("listener  dies: dies 1.0.0, generation 1"), "\(shown)")
    }

    /// Swift code that breaks a rule of the language ends by a trap.
    @Test(arguments: ["index", "nil", "fatal", "precondition", "overflow", "stack"])
    func aPluginInSwiftIsNamedToo(_ how: String) throws {
        let folder = try ServerFolder()
        try folder.install(BuildFolder.plugin("DiesPlugin"), as: "dies.so")
        try folder.listen("dies", plugin: "dies.so")
        let server = try RunningServer(folder)
        let host = try server.host
        #expect(try server.connect(to: "dies").ask("before") == "before")
        try server.die(how)
        try server.waitForHost(after: host)
        #expect(try server.connect(to: "dies").ask("after") == "after")
        let report = try #require(try server.crashes(1).first)
        let expected = how == "stack" ? ["SIGSEGV"] : ["SIGILL", "SIGTRAP"]
        #expect(expected.contains(report.cause), "\(report)")
        #expect(report.plugin == "dies-swift" && report.callback == "received")
        let name = how == "stack" ? "deepen" : "die"
        #expect(report.backtrace.contains { $0.function?.contains(name) == true }, "\(report.backtrace)")
    }

    @Test(arguments: ["opened", "timer", "closed"])
    func theCallbackIsNamed(_ callback: String) throws {
        let server = try RunningServer.dies(["WHEN": "\"\(callback)\""])
        let host = try server.host
        let peer = try server.connect(to: "dies")
        if callback == "closed" { peer.close() }
        try server.waitForHost(after: host)
        #expect(try server.crashes(1).first?.callback == callback)
    }

    @Test func workIsNamedToo() throws {
        let server = try RunningServer.dies()
        let host = try server.host
        try server.die("work abort")
        try server.waitForHost(after: host)
        let report = try #require(try server.crashes(1).first)
        #expect(report.callback == "work" && report.listener == "dies" && report.thread.hasPrefix("worker-"))
    }

    @Test func aThreadOfThePluginHasNoCallback() throws {
        let server = try RunningServer.dies()
        let host = try server.host
        try server.die("thread segv")
        try server.waitForHost(after: host)
        let report = try #require(try server.crashes(1).first)
        #expect(report.cause == "SIGSEGV" && report.callback == nil)
        #expect(report.backtrace.contains { $0.function == "die_there" }, "\(report.backtrace)")
    }

    @Test func aCallbackThatHangsEndsItsHost() throws {
        let server = try RunningServer.dies(more: "exercise = false\n[limits]\nhang_timeout = \"300ms\"")
        let host = try server.host
        try server.die("die hang")
        try server.waitForHost(after: host)
        try server.waitForLog("(hang_timeout)")
        let report = try #require(try server.crashes(1).first)
        #expect(report.cause == "hang_timeout" && report.callback == "received")
        #expect(report.backtrace.contains { $0.function == "die_here" }, "\(report.backtrace)")
    }

    @Test func aHostWithTooMuchMemoryIsEnded() throws {
        let server = try RunningServer.dies(process: "memory_limit = \"\(Sanitizer.isOn ? 800 : 200)MiB\"")
        let host = try server.host
        try server.die("grow")
        try server.waitForHost(after: host)
        let report = try #require(try server.crashes(1).first)
        #expect(report.cause == "memory_limit" && report.listener == nil, "no plugin can be blamed")
        #expect(try server.connect(to: "dies").ask("again") == "again")
    }

    /// The number of a closed descriptor may belong to another peer a moment later.
    @Test func aPluginThatClosesDescriptorsOfTheHostEndsIt() throws {
        let server = try RunningServer.dies()
        let host = try server.host
        try server.die("die close")
        try server.waitForHost(after: host)
        #expect(try server.crashes(1).first?.cause == "a plugin has closed a descriptor of the host")
        #expect(try server.connect(to: "dies").ask("again") == "again")
    }

    /// Only accept notices: nothing else happens on the descriptor of an idle peer.
    @Test func aClosedDescriptorIsNoticedBeforeAnotherPeerGetsIt() throws {
        let server = try RunningServer.dies(process: "loops = 1")
        let host = try server.host
        let idle = try server.connect(to: "dies")
        #expect(try idle.ask("idle") == "idle")
        let other = try server.connect(to: "dies")
        #expect(try other.ask("close-previous") == "close-previous")
        // The kernel hands out the lowest free number, which is that of the idle peer.
        let newcomer = try server.connect(to: "dies")
        try newcomer.send("secret\n")
        try server.waitForHost(after: host)
        #expect(try server.crashes(1).first?.cause == "a plugin has closed a descriptor of the host")
        #expect(try idle.receiveToEnd().isEmpty, "no byte of another peer")
    }

    /// Nothing of a crash is refused: the listening sockets stay open, so a peer that comes meanwhile waits for the next host.
    @Test func noPeerIsRefusedMeanwhile() throws {
        let server = try RunningServer.dies(process: "loops = 2", more: "exercise = false\n[limits]\ncrash_limit = 0")
        let address = try server.address(of: "dies")
        for _ in 0..<5 {
            let host = try server.host
            try server.die("die segv")
            let (answer, time) = try measure { try Peer(address).ask("here") }
            #expect(answer == "here")
            #expect(time < .seconds(5) * Sanitizer.slowness, "\(time)")
            try server.waitForHost(after: host)
        }
    }

    @Test func theCountersSurvive() throws {
        let server = try RunningServer.dies()
        let host = try server.host
        for word in 0..<5 { #expect(try server.connect(to: "dies").ask("\(word)") == "\(word)") }
        try waitUntil("all are gone") { try server.openConnections == 0 }
        try server.die("die segv")
        try server.waitForHost(after: host)
        let counts = try server.status().totals
        #expect(counts.accepted == 6 && counts.open == 0)
    }

    /// The plugin's own metrics too. What a gauge measured is gone with the host.
    @Test func theMetricsOfThePluginSurvive() throws {
        let folder = try ServerFolder()
        try folder.installFixture("every-function", "[options]\nfile = \"file.txt\"")
        let server = try RunningServer(folder)
        func values() throws -> [String: Int64] {
            let metrics = try #require(try server.listener("every-function")).metrics
            return Dictionary(uniqueKeysWithValues: metrics.map { ($0.name, $0.value) })
        }
        func count() throws {
            let peer = try server.connect(to: "every-function")
            #expect(try peer.ask("series word") == "series found, metric_add 0")
            #expect(try peer.ask("observe 400") == "observe 0")
        }
        try count()
        let before = try values()
        #expect(before["words_total"] == 1 && before["sizes"] == 1)
        let host = try server.host
        kill(host, SIGKILL)
        try waitUntil("the host has ended") { try server.processes.allSatisfy { $0.pid != host } }
        #expect(try values()["words_total"] == 1, "also while there is no host")
        try server.waitForHost(after: host)
        try count()
        let after = try values()
        #expect(after["words_total"] == 2 && after["sizes"] == 2)
    }

    /// Status and metrics come from what hosts publish. A host that is stopped can still be looked at.
    @Test func aHostThatStandsStillIsStillReported() throws {
        let server = try RunningServer.dies(process: "metrics_listen = \"127.0.0.1:0\"")
        let peer = try server.connect(to: "dies")
        #expect(try peer.ask("line") == "line")
        let host = try server.host
        kill(host, SIGSTOP)
        defer { kill(host, SIGCONT) }
        let (status, time) = try measure { try server.status() }
        #expect(status.totals.accepted == 1 && status.listeners.count == 1)
        #expect(status.hosts.first?.report.process?.pid == host)
        #expect(status.hosts.first?.report.loops.count == 2)
        let (page, scrape) = try measure { try server.folder.martlet("metrics").output }
        #expect(page.contains("martlet_connections{listener=\"dies\"} 1"), "\(page)")
        let (workers, asked) = try measure { try server.folder.martlet("workers", "--json") }
        #expect(workers.status == 0)
        // Each would wait 2 s for an answer of the host.
        for time in [time, scrape, asked] { #expect(time < .milliseconds(1_900) * Sanitizer.slowness, "\(time)") }
    }

    @Test func otherListenersComeBackEachTime() throws {
        let folder = try ServerFolder()
        try folder.installEcho()
        try folder.installDies(as: "dies", more: "exercise = false\n[limits]\ncrash_limit = 2")
        let server = try RunningServer(folder)
        for round in 1...2 {
            let host = try server.host
            try server.die("die segv")
            try server.waitForHost(after: host)
            #expect(try server.connect().ask("round \(round)") == "round \(round)")
        }
        #expect(try server.listener("dies") == nil)
        try server.waitForLog("there is no earlier generation")
        // The folder still asks for this content, but it is in quarantine.
        #expect(try server.reload("dies") == .refused)
        let hash = try server.hashOnDisk("dies.so")
        #expect(try folder.martlet("plugins", "forgive", hash).status == 0)
        #expect(try server.reload("dies") == .started)
    }

    @Test func thePreviousGenerationTakesThePlaceOfOneThatCrashes() throws {
        let more = "exercise = false\n[limits]\ncrash_limit = 1"
        let server = try RunningServer.dies(["VERSION": "\"1.0.0\""], more: more)
        try server.folder.installDies(["VERSION": "\"2.0.0\""], more: more)
        #expect(try server.reload("dies") == .swapped)
        let host = try server.host
        try server.die("die segv")
        try server.waitForHost(after: host)
        #expect(try server.row("dies").version == "1.0.0")
        #expect(try server.status().lastReload?.entries.first?.outcome == .rolledBack)
        // The content is held back over a restart of the server too.
        #expect(try server.reload("dies") == .refused)
    }

    @Test func aReloadAfterACrashSwapsAsEver() throws {
        let server = try RunningServer.dies(["VERSION": "\"1.0.0\""])
        let host = try server.host
        try server.die("die abort")
        try server.waitForHost(after: host)
        let peer = try server.connect(to: "dies")
        #expect(try peer.ask("old") == "old")
        try server.folder.installDies(["VERSION": "\"2.0.0\""])
        #expect(try server.reload("dies") == .swapped)
        #expect(try peer.ask("still old") == "still old")
        #expect(try server.connect(to: "dies").ask("new") == "new")
        #expect(try server.row("dies").version == "2.0.0")
    }

    @Test func aHostThatIsKilledFromOutsideComesBack() throws {
        let server = try RunningServer.echo()
        let host = try server.host
        kill(host, SIGKILL)
        try server.waitForHost(after: host)
        #expect(try server.connect().ask("back") == "back")
        let report = try #require(try server.crashes(1).first)
        #expect(report.cause == "SIGKILL" && report.listener == nil)
    }

    @Test func theHostEndsWithItsServer() throws {
        let server = try RunningServer.echo()
        let host = try server.host
        server.signal(SIGKILL)
        try server.process.wait()
        try waitUntil("the host has ended") { kill(host, 0) != 0 }
    }

    @Test func theServerMapsNoPlugin() throws {
        let server = try RunningServer.echo()
        let hash = try server.row("echo").hash
        #expect(try Processes.maps(server.host, hash))
        #expect(try !Processes.maps(server.process.pid, hash))
        let rows = try server.processes
        #expect(rows.map(\.role) == [.server, .host])
        #expect(rows[0].pid == server.process.pid)
        let text = try server.folder.martlet("processes").output
        #expect(text.hasPrefix("ROLE"), "\(text)")
        #expect(text.split(separator: "\n").count { !$0.hasPrefix("keeper") } == 3, "\(text)")
    }

    @Test func withoutACrashThereIsNoReport() throws {
        let server = try RunningServer.echo()
        #expect(try server.crashes().isEmpty)
        let result = try server.folder.martlet("crashes", "show")
        #expect(result.status == 1)
        #expect(result.errors == "martlet: no crash is reported\n")
        #expect(try server.folder.martlet("crashes", "show", "7").errors.contains("no report of a crash 7"))
    }
}
