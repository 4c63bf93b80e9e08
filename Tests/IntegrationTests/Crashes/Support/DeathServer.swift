import Glibc
import Server
import Testing

/// A server with a plugin that dies where and how an order says, and a peer of another host, who must not notice.
final class DeathServer {
    /// The plugin, in C and in Swift.
    enum Plugin: Sendable {
        case c, stateless, swift

        var name: String { self == .swift ? "dies-swift" : "dies-anywhere" }

        fileprivate var library: String {
            get throws {
                switch self {
                case .c: try Fixture.library("dies-anywhere")
                case .stateless: try Fixture.library("dies-anywhere", defines: ["STATELESS": "1"])
                case .swift: BuildFolder.plugin("DiesPlugin")
                }
            }
        }
    }

    let server: RunningServer
    private let plugin: Plugin
    private let witness: Peer
    private var host: pid_t
    private var crashes = 0
    private var versions: UInt8 = 0

    /// - Parameters:
    ///   - keys: of the listener.
    ///   - limits: of the listener.
    init(_ plugin: Plugin = .c, keys: String = "", limits: String = "") throws {
        self.plugin = plugin
        let folder = try ServerFolder()
        try folder.installEcho(on: ["127.0.0.1:0"], "isolation = \"process\"")
        try folder.install(plugin.library, as: "dies.so")
        try folder.listen(
            "dies", plugin: "dies.so",
            """
            exercise = false
            \(keys)
            [limits]
            crash_limit = 0
            \(limits)
            [options]
            order = "\(Self.order(in: folder))"
            """)
        server = try RunningServer(folder)
        server.mayCrash = true
        witness = try server.connect()
        host = try server.host
    }

    private static func order(in folder: ServerFolder) -> String { folder.path + "/order" }

    /// The content that gets new connections.
    var hash: String { get throws { try server.row("dies").hash } }

    /// Installs other content of the same plugin. Returns its hash.
    @discardableResult
    func installNext() throws -> String {
        versions += 1
        try server.folder.install(plugin.library, as: "dies.so", appending: [versions])
        return try server.hashOnDisk("dies.so")
    }

    /// A peer of the plugin with an open session.
    func connect() throws -> Peer {
        let peer = try server.connect(to: "dies")
        #expect(try peer.ask("here") == "here")
        return peer
    }

    /// The next call of the callback dies.
    func order(_ death: Death, in place: Deaths) throws {
        try Files.replace(Self.order(in: server.folder), with: Array("\(place.callback) \(death.rawValue)".utf8))
    }

    /// The last order.
    var isCarriedOut: Bool { !Files.exists(Self.order(in: server.folder)) }

    /// Has the plugin die, and checks the report, the next host, and that the witness has noticed nothing.
    ///
    /// - Parameter provoke: makes the host call the callback.
    func expect(
        _ death: Death, in place: Deaths, sourceLocation: SourceLocation = #_sourceLocation, provoke: () throws -> Void
    ) throws {
        try order(death, in: place)
        let bytes = patternBytes(64 << 10, seed: UInt64(crashes))
        try witness.send(bytes)
        try provoke()
        host = try server.waitForHost(after: host)
        crashes += 1
        #expect(isCarriedOut, sourceLocation: sourceLocation)
        try expectReport(of: death, in: place, sourceLocation)
        #expect(try server.connect(to: "dies").ask("again") == "again", sourceLocation: sourceLocation)
        expectSame(try witness.receive(bytes.count), bytes, sourceLocation: sourceLocation)
    }

    private func expectReport(of death: Death, in place: Deaths, _ sourceLocation: SourceLocation) throws {
        let report = try #require(try server.crashes(crashes).last, sourceLocation: sourceLocation)
        // A sanitizer ends the process itself when the heap is damaged.
        if death == .heap, Sanitizer.isOn { return }
        let told = "\(place.callback) \(death.rawValue): \(report)"
        #expect(death.causes.contains(report.cause), "\(told)", sourceLocation: sourceLocation)
        #expect(report.listener == "dies", "\(told)", sourceLocation: sourceLocation)
        #expect(report.plugin == plugin.name, "\(told)", sourceLocation: sourceLocation)
        #expect(report.callback == place.callback, "\(told)", sourceLocation: sourceLocation)
        guard let function = death.function else { return }
        #expect(report.thread.hasPrefix(place.thread), "\(told)", sourceLocation: sourceLocation)
        #expect(
            report.backtrace.contains { $0.function?.contains(function) == true }, "\(told)",
            sourceLocation: sourceLocation)
    }
}
