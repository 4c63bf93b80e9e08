import Glibc
import HostInterface
import Server
import Testing

/// `martlet workers`: the pool grows, shrinks, pauses and reports its state.
@Suite struct WorkerCommandTests {
    private func blocks(process: String) throws -> RunningServer {
        let folder = try ServerFolder(process: process)
        try folder.installFixture("blocks")
        return try RunningServer(folder)
    }

    private func workers(_ server: RunningServer, _ arguments: String...) throws -> WorkersReport {
        let words = ["workers"] + arguments + ["--json", "--config", server.folder.processFile]
        let result = try Subprocess.run(BuildFolder.martlet, words)
        #expect(result.status == 0, "\(result)")
        return try decodeJSON(WorkersReport.self, from: result.output)
    }

    @Test func growsWhileJobsWaitAndShrinksWhenIdle() throws {
        let server = try blocks(
            process: "workers = 6\nworkers_min = 1\nworker_growth_delay = \"1ms\"\nworker_idle_timeout = \"100ms\"\n"
                + "[defaults.limits]\nworkers_share = 100")
        #expect(try workers(server).threads == 1)
        let peers = try (0..<12).map { _ in try server.connect(to: "blocks") }
        let sleep = "sleep 3000"
        for peer in peers { try peer.send(sleep + "\n") }
        try waitUntil("all threads have started") { try workers(server).threads == 6 }
        for peer in peers {
            _ = try peer.receiveLine()
            #expect(try peer.receiveLine() == "1 \(sleep) worker")
        }
        try waitUntil("only one thread is left") { try workers(server).threads == 1 }
        let report = try workers(server)
        #expect(report.submitted == report.completed)
        #expect(report.submitted >= 24)
        #expect(report.delayWorstMicroseconds > 1_000)
    }

    @Test func aRawResizeRequestIsClamped() throws {
        let server = try blocks(process: "")
        let report = try server.ask("workers", #","workers":{"resize":{"minimum":-1,"maximum":\#(Int.max)}}"#).workers
        #expect(report?.minimum == 0 && report?.maximum == 1_024)
        let peer = try server.connect(to: "blocks")
        #expect(try peer.receiveLine() == "0 hello worker")
    }

    @Test func pauseHoldsJobsAndResumeRunsThem() throws {
        let server = try blocks(process: "")
        let peer = try server.connect(to: "blocks")
        #expect(try peer.receiveLine() == "0 hello worker")
        #expect(try workers(server, "pause").isPaused)
        try peer.send("x\n")
        try waitUntil("the job is queued") { try workers(server).queued == 1 }
        #expect(!peer.hasInput(within: 50))
        #expect(try !workers(server, "resume").isPaused)
        #expect(try peer.receiveLine() == "1 x worker")
    }

    @Test func resizeTakesEffectAtOnce() throws {
        let server = try blocks(process: "workers = 2\nworkers_min = 1")
        let report = try workers(server, "resize", "--min", "5", "--max", "7")
        #expect(report.minimum == 5 && report.maximum == 7)
        try waitUntil("there are five threads") { try workers(server).threads == 5 }
        _ = try workers(server, "resize", "--min", "0", "--max", "1")
        try waitUntil("at most one thread is left") { try workers(server).threads <= 1 }
        // A reload keeps the pool's size unless the file's sizes have changed.
        try server.reload()
        #expect(try workers(server).maximum == 1)
        try server.folder.configure("workers = 3\nworkers_min = 2")
        try server.reload()
        #expect(try workers(server).maximum == 3)
        let wrong = try server.folder.martlet("workers", "resize", "--max", "0")
        #expect(wrong.status == 64)
        #expect(wrong.errors.contains("--max: expected 1 to 1024, found 0"))
    }

    @Test func aStuckWorkerIsNamedAndShown() throws {
        let server = try blocks(process: "worker_warning = \"50ms\"")
        let peer = try server.connect(to: "blocks")
        let milliseconds = 5_000
        try peer.send("sleep \(milliseconds)\n")
        try waitUntil("the report shows the stuck job") {
            try workers(server).jobs.contains {
                $0.listener == "blocks" && $0.plugin == "blocks" && $0.generation == 1 && $0.callback == "received"
            }
        }
        try waitUntil("the log reports the stuck worker") { server.log.contains("a worker is stuck") }
        let line = try #require(server.log.split(separator: "\n").first { $0.contains("a worker is stuck") })
        for word in ["callback=received", "generation=1", "listener=blocks", "plugin=blocks", "worker="] {
            #expect(line.contains(word), "\(line)")
        }
        _ = try peer.receiveLine()
        #expect(try peer.receiveLine() == "1 sleep \(milliseconds) worker")
    }

    @Test func theTableIsReadable() throws {
        let server = try blocks(process: "workers = 2\nworkers_min = 1")
        let result = try server.folder.martlet("workers")
        #expect(result.status == 0)
        #expect(result.output.contains("threads  1, of 1 to 2"))
        #expect(result.output.contains("queue    0 of 1024"))
    }
}
