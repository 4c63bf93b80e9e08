import Server

/// A build of the plugin `mover.c`. Its defines decide whether its sessions can move.
struct Mover {
    var version: String
    var defines: [String: String] = [:]

    init(_ version: String, _ defines: [String: String] = [:]) {
        self.version = version
        self.defines = defines
    }

    func library() throws -> String {
        try Fixture.library("mover", defines: defines.merging(["VERSION": "\"\(version)\""]) { _, own in own })
    }
}

extension ServerFolder {
    /// Installs a version of the mover as `mover.so`.
    func install(_ mover: Mover) throws { try install(mover.library(), as: "mover.so") }

    /// The file for which a worker job of `mover.so` waits.
    var gate: String { plugins + "/gate" }

    /// Installs the mover and a listener for it.
    ///
    /// - Parameter more: keys such as `on_reload`, then tables.
    func serve(_ mover: Mover, on addresses: [String] = ["127.0.0.1:0"], _ more: String = "") throws {
        try install(mover)
        try listen("mover", plugin: "mover.so", on: addresses, more)
    }
}

extension RunningServer {
    /// A server with one listener, the mover.
    static func mover(_ mover: Mover = Mover("1"), _ more: String = "") throws -> RunningServer {
        let folder = try ServerFolder()
        try folder.serve(mover, more)
        return try RunningServer(folder)
    }

    /// Installs another version, reloads, and returns the listener's entry.
    @discardableResult
    func swap(to mover: Mover) throws -> Receipt.Entry {
        try folder.install(mover)
        return try reloaded("mover")
    }

    /// A peer of the mover whose session is open.
    func mover() throws -> Peer {
        let peer = try connect(to: "mover")
        guard try peer.ask("hello") == "hello" else { throw Failure("ask the mover: wrong answer") }
        return peer
    }
}
