import Glibc
import HostInterface
import Server
import Testing

/// The real `martlet serve` on a folder. The process is killed when the object is destroyed.
final class RunningServer {
    let folder: ServerFolder
    let process: Subprocess
    /// The test lets plugins end their host.
    var mayCrash = false

    /// Starts it and waits until it answers on its control socket.
    ///
    /// - Parameter launcher: a command that executes the words that follow it, such as `["prlimit", "--nofile=64"]`.
    init(_ folder: ServerFolder, launcher: [String] = []) throws {
        self.folder = folder
        let words = launcher + Self.command(folder)
        process = try Subprocess(words[0], Array(words.dropFirst()))
        do {
            try waitUntil("the server answers", within: .seconds(120)) {
                guard process.isRunning else { throw Failure("the server did not start: \(process.errors)") }
                return (try? status()) != nil
            }
        } catch {
            throw Failure("\(error); its log: \(process.errors)")
        }
    }

    /// Makes a folder with the echo plugin and serves it.
    static func echo(on addresses: [String] = ["127.0.0.1:0"], process: String = "", _ more: String = "") throws
        -> RunningServer
    {
        let folder = try ServerFolder(process: process)
        try folder.installEcho(on: addresses, more)
        return try RunningServer(folder)
    }

    /// The command that starts a server on a folder.
    static func command(_ folder: ServerFolder) -> [String] {
        [BuildFolder.martlet, "serve", folder.plugins, "--config", folder.processFile]
    }

    var log: String { process.errors }

    /// A separate thread writes the log, so a line may appear a little after its event.
    func waitForLog(_ text: String) throws {
        try waitUntil("the log contains \"\(text)\"") { log.contains(text) }
    }

    deinit {
        // The server goes on after a crash, so a test might not notice one.
        if !mayCrash, log.contains("the host has ended") { Issue.record("a host has ended: \(log.suffix(4_000))") }
    }

    // MARK: Questions

    /// Sends one line of JSON to the control socket and reads one back, as the command line does.
    ///
    /// - Parameter more: further members of the request, such as `,"partial":true`.
    func ask(_ request: String, _ more: String = "") throws -> ControlAnswer {
        let peer = try Peer(.unix(path: folder.controlSocket), timeout: .seconds(60))
        try peer.send("{\"request\":\"\(request)\"\(more)}\n")
        let answer = try decodeJSON(ControlAnswer.self, from: String(decoding: peer.receiveToEnd(), as: UTF8.self))
        if let error = answer.error { throw Failure(error) }
        return answer
    }

    func status() throws -> StatusReport {
        guard let status = try ask("status").status else { throw Failure("ask for the status: the answer has none") }
        return status
    }

    func rows() throws -> [PluginRow] { try ask("plugins").plugins ?? [] }

    /// The row of the generation that gets a listener's new connections.
    func row(_ listener: String) throws -> PluginRow {
        guard let row = try rows().first(where: { $0.listener == listener && $0.state != .retiring }) else {
            throw Failure("ask for the plugins: no row of listener \(listener)")
        }
        return row
    }

    /// nil: there is no such listener.
    func listener(_ name: String) throws -> StatusReport.Listener? {
        try status().listeners.first { $0.name == name }
    }

    func address(of listener: String = "echo", _ index: Int = 0) throws -> ServerAddress {
        guard let listener = try self.listener(listener), index < listener.addresses.count else {
            throw Failure("no address \(index) of listener \(listener)")
        }
        return try ServerAddress(listener.addresses[index])
    }

    func connect(to listener: String = "echo", _ index: Int = 0) throws -> Peer {
        try Peer(address(of: listener, index))
    }

    /// The address of `metrics_listen`, with the port that the kernel chose.
    func metricsAddress() throws -> ServerAddress {
        var address: Substring?
        try waitUntil("the address is logged") {
            address = log.split(separator: "\n").first { $0.contains(" metrics ") }?.split(separator: "=").last
            return address != nil
        }
        return try ServerAddress(String(address ?? ""))
    }

    var openConnections: UInt64 { get throws { try status().totals.open } }

    // MARK: Orders

    @discardableResult
    func reload() throws -> Receipt {
        guard let receipt = try ask("reload").receipt else { throw Failure("reload: the answer has no receipt") }
        return receipt
    }

    /// The outcome of a reload for one listener.
    func reload(_ listener: String) throws -> Receipt.Outcome? {
        try reload().entries.first { $0.listener == listener }?.outcome
    }

    func signal(_ number: Int32) { process.signal(number) }

    /// Sends SIGTERM and returns the exit status.
    func stop(within limit: Duration = .seconds(20)) throws -> Int32 {
        signal(SIGTERM)
        return try process.wait(within: limit).status
    }
}

extension StatusReport {
    /// Of the shared host.
    var workers: WorkersReport { hosts[0].report.workers }
}
