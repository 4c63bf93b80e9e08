import Glibc
import Server
import Testing

/// `user` and `group`: root binds the ports, and plugins run without its rights.
@Suite(.serialized) struct PrivilegeTests {
    /// The words of the lines of /proc/PID/status, by their keys.
    private func status(of pid: pid_t) throws -> [String: [String]] {
        let lines = try Files.text("/proc/\(pid)/status").split(separator: "\n")
        return Dictionary(
            uniqueKeysWithValues: lines.compactMap { line -> (String, [String])? in
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2 else { return nil }
                return (String(parts[0]), parts[1].split(whereSeparator: \.isWhitespace).map(String.init))
            })
    }

    @Test func aHostGetsNoNewPrivileges() throws {
        let server = try RunningServer.echo()
        #expect(try status(of: server.host)["NoNewPrivs"] == ["1"])
        #expect(try Files.text("/proc/\(server.host)/limits").contains("Max core file size        0 "))
    }

    @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
    func hostsRunAsTheUser() throws {
        let nobody = try #require(getpwnam("nobody")).pointee
        let more = "exercise = false\nisolation = \"process\""
        let folder = try ServerFolder(process: "user = \"nobody\"\nlog_file = \"server.log\"")
        // The test's folder is private to root.
        chmod(folder.path, 0o711)
        try folder.installDies(more: more)
        let server = try RunningServer(folder)
        let hosts = try server.processes.filter { $0.role == .host }
        #expect(hosts.count == 2)
        for host in hosts {
            let status = try status(of: host.pid)
            #expect(status["Uid"] == [String](repeating: "\(nobody.pw_uid)", count: 4))
            #expect(status["Gid"] == [String](repeating: "\(nobody.pw_gid)", count: 4))
            #expect(status["CapEff"] == ["0000000000000000"])
        }
        #expect(try status(of: server.process.pid)["Uid"]?.first == "0")
        // Plugins are loaded, swapped and started again all the same.
        #expect(try server.connect(to: "dies").ask("here") == "here")
        try server.folder.installDies(["VERSION": "\"2.0.0\""], more: more)
        #expect(try server.reload("dies") == .swapped)
        server.mayCrash = true
        try server.die("die segv")
        #expect(try server.connect(to: "dies").ask("again") == "again")
        #expect(try server.crashes(1).first?.version == "2.0.0")
        try waitUntil("the server logs the crash") {
            try Files.text(server.folder.path + "/server.log").contains("the host has ended")
        }
    }

    /// The plugin gets no more of them, its host ends, and so does all that it has started.
    @Test(.enabled(if: geteuid() == 0, "the limit does not hold for root"))
    func aPluginThatStartsEverMoreProcessesEndsItsHost() throws {
        // A user that has no other processes.
        let folder = try ServerFolder(process: "user = \"games\"\nprocess_limit = 60")
        chmod(folder.path, 0o711)
        try folder.installDies()
        let server = try RunningServer(folder)
        let host = try server.host
        #expect(try server.connect(to: "dies").ask("bomb") == "bomb")
        try server.waitForHost(after: host)
        #expect(try server.crashes(1).first?.cause == "process_limit")
        try waitUntil("the processes have ended") { try members(ofSession: host) == 0 }
        #expect(try server.connect(to: "dies").ask("again") == "again")
    }

    /// A process without exec has the descriptors of peers.
    @Test func whatAPluginHasStartedEndsWithItsHost() throws {
        let server = try RunningServer.dies()
        let host = try server.host
        let peer = try server.connect(to: "dies")
        #expect(try peer.ask("fork 3") == "forked 3")
        #expect(try members(ofSession: host) == 4)
        server.mayCrash = true
        kill(host, SIGKILL)
        _ = try peer.waitForEnd()
        try waitUntil("the processes have ended") { try members(ofSession: host) == 0 }
    }

    /// Processes that have not ended.
    private func members(ofSession session: pid_t) throws -> Int {
        Files.names(in: "/proc").count { name in
            guard let stat = try? Files.text("/proc/\(name)/stat"), let end = stat.lastIndex(of: ")") else {
                return false
            }
            let fields = stat[stat.index(after: end)...].split(separator: " ")
            return fields.count > 3 && fields[0] != "Z" && Int32(fields[3]) == session
        }
    }

    @Test(arguments: [
        ("user = \"no-such-user\"", "user: there is no user no-such-user"),
        ("user = \"root\"\ngroup = \"no-such-group\"", "group: there is no group no-such-group"),
        ("group = \"root\"", "group: expected user too"),
    ])
    func aUserThatIsNotThereIsRefused(_ process: String, _ message: String) throws {
        let folder = try ServerFolder(process: process)
        try folder.installEcho()
        let check = try folder.martlet("config", "check", folder.plugins)
        #expect(check.status == 1 && (check.output + check.errors).contains(message), "\(check)")
        let serve = try Subprocess.run(BuildFolder.martlet, ["serve", folder.plugins, "--config", folder.processFile])
        #expect(serve.status == 1 && serve.errors.contains(message), "\(serve)")
    }
}
