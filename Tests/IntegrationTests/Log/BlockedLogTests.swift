import Glibc
import Testing

/// A log that cannot be written blocks nothing: neither the event loops, nor the control socket, nor the shutdown.
@Suite struct BlockedLogTests {
    /// A server with the plugins echo and talks, whose standard error is a pipe.
    private struct Talker {
        let server: RunningServer
        let folder: ServerFolder
        /// Both ends of the pipe in one descriptor. Only the test can read from it.
        let pipe: Int32

        init(_ process: String = "log_level = \"trace\"") throws {
            folder = try ServerFolder(process: process)
            try folder.installEcho()
            try folder.installFixture("talks", "[limits]\nlog_rate = 0")
            let path = folder.path + "/errors"
            guard mkfifo(path, 0o600) == 0 else { throw Failure.system("mkfifo") }
            pipe = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK)
            guard pipe >= 0 else { throw Failure.system("open \(path)") }
            server = try RunningServer(folder, launcher: ["sh", "-c", "exec \"$@\" 2>\(path)", "sh"])
        }

        /// Makes the plugin log more than fits into the pipe and the queue.
        func overflow() throws {
            let talker = try server.connect(to: "talks")
            for _ in 0..<20 { #expect(try talker.ask("talk 1000") == "talk 1000") }
        }
    }

    @Test func anUnreadPipeBlocksNothing() throws {
        let talker = try Talker()
        defer { close(talker.pipe) }
        try talker.overflow()
        #expect(try talker.server.connect().ask("still") == "still")
        let dropped = try talker.server.status().logLinesDropped
        #expect(dropped > 1_000)
        let printed = try talker.folder.martlet("status")
        #expect(printed.status == 0)
        #expect(printed.output.contains("lines dropped\n"))
        #expect(try !talker.folder.martlet("metrics").output.contains("martlet_log_lines_dropped_total 0\n"))
        #expect(try talker.server.stop(within: .seconds(10)) == 0)
    }

    @Test func droppedLinesAreReportedWhenThereIsRoomAgain() throws {
        let talker = try Talker()
        defer { close(talker.pipe) }
        try talker.overflow()
        var text: [UInt8] = []
        try waitUntil("the log reports dropped lines", within: .seconds(30)) {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let count = read(talker.pipe, &buffer, buffer.count)
            if count > 0 { text += buffer[..<count] }
            return String(decoding: text, as: UTF8.self)
                .contains("log lines were dropped: the log could not be written fast enough\n")
        }
        #expect(try talker.server.connect().ask("still") == "still")
    }

    @Test func aClosedPipeBlocksNothing() throws {
        let talker = try Talker()
        close(talker.pipe)
        try talker.overflow()
        #expect(try talker.server.connect().ask("still") == "still")
        #expect(try talker.server.status().logLinesDropped > 0)
        #expect(try talker.server.stop(within: .seconds(10)) == 0)
    }

    @Test func unreadStandardOutputDoesNotDelayTheStart() throws {
        let folder = try ServerFolder()
        try folder.installEcho()
        let path = folder.path + "/output"
        guard mkfifo(path, 0o600) == 0 else { throw Failure.system("mkfifo") }
        let pipe = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK)
        defer { close(pipe) }
        let filling = [UInt8](repeating: 0, count: 4_096)
        while write(pipe, filling, filling.count) > 0 {}
        let server = try RunningServer(folder, launcher: ["sh", "-c", "exec \"$@\" >\(path)", "sh"])
        #expect(try server.connect().ask("hi") == "hi")
        #expect(try server.stop(within: .seconds(10)) == 0)
    }

    @Test func aFullDiskBlocksNothing() throws {
        let server = try RunningServer.echo(process: "log_file = \"/dev/full\"")
        #expect(try server.connect().ask("still") == "still")
        try waitUntil("the log thread has tried to write") { try server.status().logLinesDropped > 0 }
        #expect(try server.stop(within: .seconds(10)) == 0)
    }

    @Test func aFileSizeLimitBlocksNothing() throws {
        let folder = try ServerFolder(process: "log_file = \"server.log\"")
        try folder.installEcho()
        // Set the limit only once the server runs: no image would fit under it.
        let server = try RunningServer(folder)
        for pid in [server.process.pid, try server.host] {
            _ = try Subprocess.run("prlimit", ["--pid", "\(pid)", "--fsize=10:10"])
        }
        #expect(try server.reload().isRefused == false)
        #expect(try server.connect().ask("still") == "still")
        try waitUntil("the log thread has tried to write") { try server.status().logLinesDropped > 0 }
    }
}
