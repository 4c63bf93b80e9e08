import Server

/// A build of the plugin `mover.c`, whose sessions move, or of `tally.c`, whose state moves too. Its defines decide whether they can.
struct Mover {
    var name = "mover"
    var version: String
    var defines: [String: String] = [:]

    init(_ version: String, _ defines: [String: String] = [:]) {
        self.version = version
        self.defines = defines
    }

    static func tally(_ version: String, _ defines: [String: String] = [:]) -> Mover {
        var mover = Mover(version, defines)
        mover.name = "tally"
        return mover
    }

    func library() throws -> String {
        try Fixture.library(name, defines: defines.merging(["VERSION": "\"\(version)\""]) { _, own in own })
    }
}

extension ServerFolder {
    /// Installs a version of a mover as `mover.so` or `tally.so`.
    func install(_ mover: Mover) throws { try install(mover.library(), as: "\(mover.name).so") }

    /// The file for which worker jobs of the movers wait.
    var gate: String { plugins + "/gate" }

    /// Installs a mover and a listener with its name.
    ///
    /// - Parameter more: keys such as `on_reload`, then tables.
    func serve(_ mover: Mover, on addresses: [String] = ["127.0.0.1:0"], _ more: String = "") throws {
        try install(mover)
        try listen(mover.name, plugin: "\(mover.name).so", on: addresses, more)
    }
}

extension RunningServer {
    /// A server with one listener, a mover.
    static func mover(_ mover: Mover = Mover("1"), _ more: String = "", process: String = "") throws -> RunningServer {
        let folder = try ServerFolder(process: process)
        try folder.serve(mover, more)
        return try RunningServer(folder)
    }

    /// Installs another version, reloads, and returns the listener's entry.
    @discardableResult
    func swap(to mover: Mover) throws -> Receipt.Entry {
        try folder.install(mover)
        return try reloaded(mover.name)
    }

    /// A peer of a mover whose session is open.
    func mover(_ name: String = "mover") throws -> Peer {
        let peer = try connect(to: name)
        guard try peer.ask("hello") == "hello" else { throw Failure("ask the mover: wrong answer") }
        return peer
    }
}
