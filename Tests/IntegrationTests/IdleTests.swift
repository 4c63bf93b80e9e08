import Glibc
import Server
import Testing

/// A server that has nothing to do: it keeps few threads, and they sleep.
@Suite(.serialized) struct IdleTests {
    /// The names of the threads of a process, by their numbers.
    private func threads(_ pid: pid_t) -> [String: String] {
        var names: [String: String] = [:]
        for thread in Files.names(in: "/proc/\(pid)/task") {
            let name = try? Files.text("/proc/\(pid)/task/\(thread)/comm")
            names[thread] = name.map { String($0.dropLast()) }
        }
        return names
    }

    /// Times that threads went to sleep, by the name of the thread: each of them ends with a wake-up.
    private func sleeps(_ processes: [pid_t]) -> [String: Int] {
        var counts: [String: Int] = [:]
        for pid in processes {
            for (thread, name) in threads(pid) {
                let status = (try? Files.text("/proc/\(pid)/task/\(thread)/status")) ?? ""
                let line = status.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches:") }
                counts[name, default: 0] += line.flatMap { $0.split(separator: "\t").last }.flatMap { Int($0) } ?? 0
            }
        }
        return counts
    }

    private func wakeUps(_ server: RunningServer, of name: String? = nil, in time: Duration) throws -> Int {
        let processes = [server.process.pid, try server.host]
        func count() -> Int { sleeps(processes).reduce(0) { name == nil || name == $1.key ? $0 + $1.value : $0 } }
        let before = count()
        observe(for: time)
        return count() - before
    }

    private func waitForSleep(_ server: RunningServer) throws {
        try waitUntil("the watchdog sleeps") { try wakeUps(server, of: "watchdog", in: .milliseconds(200)) == 0 }
    }

    @Test(.disabled(if: Sanitizer.isOn, "ThreadSanitizer has a thread of its own, which wakes up ten times a second"))
    func fourThreadsInEachProcessBesideLoopsAndWorkersAndOneWakeUpASecond() throws {
        let server = try RunningServer.echo(process: "metrics_listen = \"127.0.0.1:0\"\nworkers = 1")
        _ = try server.metricsAddress()
        try waitForSleep(server)
        try waitUntil("conversations are over") { !threads(server.process.pid).values.contains("admin") }
        #expect(threads(server.process.pid).values.sorted() == ["control", "host-link", "log", "martlet"])
        #expect(
            try threads(server.host).values.sorted()
                == ["control", "log", "loop-0", "loop-1", "martlet-host", "watchdog", "worker-0"])
        try waitUntil("at most a wake-up a second", within: .seconds(30)) { try wakeUps(server, in: .seconds(3)) <= 3 }
        // And again after work.
        #expect(try server.connect().ask("work") == "work")
        try waitForSleep(server)
        try waitUntil("at most a wake-up a second", within: .seconds(30)) { try wakeUps(server, in: .seconds(3)) <= 3 }
    }

    @Test func theFirstCallbackAfterASleepIsWatched() throws {
        let server = try RunningServer.fixture("spins")
        let peer = try server.connect(to: "spins")
        #expect(try peer.ask("quick") == "quick")
        try waitForSleep(server)
        #expect(try peer.ask("spin5") == "spin5")
        try server.waitForLog("(callback_warning)")
    }

    @Test func theFirstJobAfterASleepIsWatched() throws {
        let folder = try ServerFolder(process: "worker_warning = \"200ms\"")
        try folder.installFixture("spins", "dispatch = \"workers\"")
        let server = try RunningServer(folder)
        let peer = try server.connect(to: "spins")
        #expect(try peer.ask("quick") == "quick")
        try waitForSleep(server)
        #expect(try peer.ask("spin8") == "spin8")
        try server.waitForLog("(worker_warning)")
    }

    @Test func aLoopThatHangsAfterASleepIsNoticed() throws {
        let folder = try ServerFolder(process: "loop_timeout = \"300ms\"")
        try folder.installFixture("stalls")
        let server = try RunningServer(folder)
        let peer = try server.connect(to: "stalls")
        #expect(try peer.ask("well") == "well")
        try waitForSleep(server)
        try peer.send("stall\n")
        try server.waitForLog("does not turn: it is in received of stalls")
        try Files.replace(server.folder.file("stall-over"), with: [])
        #expect(try peer.receiveLine() == "stall")
        try server.waitForLog("the event loop turns again")
        try waitForSleep(server)
    }

    /// The pages of code that the start used are unmapped: the first use of one maps it again.
    @Test func theCodeOfTheStartIsGivenBack() throws {
        let server = try RunningServer.echo()
        try waitUntil("it is smaller than it was") {
            let (peak, now) = try Self.residentKilobytes(server)
            return now < peak - 1_024
        }
        #expect(try server.connect().ask("still here") == "still here")
        #expect(try !server.reload().isRefused)
    }

    @Test func neitherFoundationNorICUIsMapped() throws {
        let server = try RunningServer.echo()
        #expect(try server.connect().ask("mapped") == "mapped")
        let maps = try Files.text("/proc/\(server.process.pid)/maps")
        #expect(maps.contains("libFoundationEssentials.so"))
        for library in ["libFoundation.so", "libFoundationInternationalization", "FoundationICU", "libicu"] {
            #expect(!maps.contains(library), "\(library)")
        }
    }

    /// VmHWM and VmRSS: proc_pid_status(5).
    private static func residentKilobytes(_ server: RunningServer) throws -> (peak: Int, now: Int) {
        let lines = try Files.text("/proc/\(server.process.pid)/status").split(separator: "\n")
        func value(_ key: String) -> Int {
            let line = lines.first { $0.hasPrefix(key + ":") }
            return line.flatMap { $0.split(separator: "\t").last?.split(separator: " ").first { !$0.isEmpty } }.flatMap
            { Int($0) } ?? 0
        }
        return (value("VmHWM"), value("VmRSS"))
    }
}
