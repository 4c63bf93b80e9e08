import Glibc
import Server
import TestInput
import Testing

/// Hosts that are killed again and again. `MARTLET_TORTURE` multiplies the number.
@Suite(.serialized) struct CrashTortureTests {
    @Test func crashesInARowLeaveNothingBehind() throws {
        let server = try RunningServer.dies(more: "exercise = false\n[limits]\ncrash_limit = 0")
        let ways = ["segv", "abort", "_exit", "kill", "trap"]
        func crash(_ count: Int) throws {
            for number in 0..<count {
                let host = try server.host
                try server.die("die \(ways[number % ways.count])")
                try server.waitForHost(after: host)
                #expect(try server.connect(to: "dies").ask("\(number)") == "\(number)")
            }
        }
        try crash(3)
        let before = try (Self.footprint(server), server.serverBytes)
        try crash(10 * Torture.factor)
        // The first look may have seen a request that was still being answered.
        try waitUntil("nothing is left", within: .seconds(30)) {
            try zip(Self.footprint(server), before.0).allSatisfy { $0 <= $1 }
        }
        let growth = Int64(try server.serverBytes) - Int64(before.1)
        #expect(growth < Int64(Sanitizer.bytes(8 << 20)), "\(growth) bytes")
        #expect(try server.processes.count == 2)
    }

    /// Descriptors and threads of the server.
    private static func footprint(_ server: RunningServer) throws -> [Int] {
        let pid = server.process.pid
        let threads = Files.names(in: "/proc/\(pid)/task").filter {
            (try? Files.text("/proc/\(pid)/task/\($0)/comm")).map { !["admin\n", "reload\n", "crash\n"].contains($0) }
                ?? false
        }
        return [Files.names(in: "/proc/\(pid)/fd").count, threads.count]
    }

    /// Any host is killed at any moment, under load and while the folder is reloaded. Peers of the others notice nothing, those of the dead one
    /// are served by the next.
    @Test func hostsAreKilledAtRandom() throws {
        print("crash torture: MARTLET_TORTURE_SEED=\(Torture.seed)")
        var generator = SeededGenerator(seed: Torture.seed)
        let more = "exercise = false\nisolation = \"process\"\n[limits]\ncrash_limit = 0"
        let folder = try ServerFolder()
        try folder.installEcho()
        for name in ["one", "two"] { try folder.installDies(as: name, more: more) }
        let server = try RunningServer(folder)
        server.mayCrash = true
        let (echo, address) = (try server.address(), try server.address(of: "one"))
        let steady = try SteadyClient {
            let peer = try Peer(echo)
            return { guard try peer.ask("steady") == "steady" else { throw Failure("not what was sent") } }
        }
        for round in 0..<5 * Torture.factor {
            let name = generator.below(2) == 0 ? "listener one" : "listener two"
            let host = try server.processes.first { $0.name == name }?.pid ?? 0
            if generator.below(2) == 0 {
                // A reload is under way when it happens: done, or refused as a whole.
                let swap = generator.below(2) == 0 ? "one" : "two"
                try folder.installDies(["VERSION": "\"\(round).0.0\""], as: swap, more: more)
                let reload = try Background { try folder.martlet("reload").status }
                poll(nil, 0, Int32(generator.below(40)))
                if host > 0 { kill(host, SIGKILL) }
                #expect([0, 1].contains(try reload.value()))
            } else if host > 0 {
                kill(host, SIGKILL)
            }
            try waitUntil("another host serves", within: .seconds(30)) {
                guard let pid = try server.processes.first(where: { $0.name == name })?.pid else { return false }
                return pid != host
            }
            #expect(try Peer(address).ask("round \(round)") == "round \(round)")
            #expect(try server.connect(to: "two").ask("round \(round)") == "round \(round)")
            #expect(!steady.hasFailed, "the shared host is not concerned")
        }
        #expect(try steady.finish() > 0)
        #expect(try !server.reload().isRefused)
    }
}

extension RunningServer {
    /// Resident bytes of the server process that are not pages of files.
    fileprivate var serverBytes: UInt64 {
        get throws {
            let fields = try Files.text("/proc/\(process.pid)/statm").split(separator: " ").compactMap { UInt64($0) }
            return (fields[1] - min(fields[2], fields[1])) * UInt64(sysconf(Int32(_SC_PAGESIZE)))
        }
    }
}
