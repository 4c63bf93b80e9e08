import Glibc
import Server

extension RunningServer {
    /// The plugin that dies when it is told to, and a listener for it.
    static func dies(
        _ defines: [String: String] = [:], process: String = "", more: String = "exercise = false"
    ) throws -> RunningServer {
        let folder = try ServerFolder(process: process)
        try folder.installDies(defines, more: more)
        return try RunningServer(folder)
    }

    var allProcesses: [ProcessRow] { get throws { try ask("processes").processes ?? [] } }
    var processes: [ProcessRow] { get throws { try allProcesses.filter { $0.role != .keeper } } }

    /// The process that runs the plugins of all listeners that are not isolated.
    var host: pid_t {
        get throws {
            guard let host = try processes.first(where: { $0.name == "shared" }) else {
                throw Failure("there is no host")
            }
            return host.pid
        }
    }

    /// Waits until another host runs the plugins. Returns it.
    @discardableResult
    func waitForHost(after old: pid_t) throws -> pid_t {
        mayCrash = true
        var host = old
        try waitUntil("another host runs", within: .seconds(30)) {
            host = try processes.first { $0.name == "shared" }?.pid ?? old
            return host != old
        }
        try waitUntil("its listeners run") {
            log.split(separator: "a new host runs the listeners").count
                == log.split(separator: "the host has ended: ").count
        }
        return host
    }

    /// Sends a line that ends the host, which peers see as a reset or an end.
    func die(_ order: String, at listener: String = "dies") throws {
        let peer = try connect(to: listener)
        try peer.send(order + "\n")
        _ = try? peer.waitForEnd()
    }

    func crashes() throws -> [CrashReport] {
        let result = try folder.martlet("crashes", "list", "--json")
        guard result.status == 0 else { throw Failure("martlet crashes: \(result)") }
        return try decodeJSON([CrashReport].self, from: result.output)
    }

    /// Waits for the reports of so many crashes.
    func crashes(_ count: Int) throws -> [CrashReport] {
        var reports: [CrashReport] = []
        try waitUntil("\(count) crashes are reported", within: .seconds(30)) {
            reports = try crashes()
            return reports.count >= count
        }
        return reports
    }
}

extension ServerFolder {
    func installDies(
        _ defines: [String: String] = [:], as name: String = "dies", more: String = "exercise = false"
    ) throws {
        try install(Fixture.library("dies", defines: defines), as: name + ".so")
        try listen(name, plugin: name + ".so", more)
    }
}
