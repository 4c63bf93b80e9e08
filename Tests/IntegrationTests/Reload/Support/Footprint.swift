import Server

/// The resources that a server holds. A refused reload must leave them unchanged.
struct Footprint: Equatable, CustomStringConvertible {
    /// Listener, generation, hash, connections.
    var generations: [String]
    var addresses: [String]
    /// Files in the folder of private images.
    var images: [String]
    var fileDescriptors: Int
    var threads: Int

    init(of server: RunningServer) throws {
        generations = try server.generationRows().map {
            "\($0.listener) \($0.generation) \($0.hash.prefix(12)) \($0.connections) \($0.state)"
        }
        let status = try server.status()
        addresses = status.listeners.flatMap { listener in listener.addresses.map { "\(listener.name) \($0)" } }
        images = Files.names(in: server.folder.images)
        fileDescriptors = status.fileDescriptors
        threads = try [server.process.pid, server.host].reduce(0) { $0 + Self.threads(of: $1) }
    }

    /// The number of threads, without the short-lived ones that answer control requests or prepare a reload.
    private static func threads(of pid: Int32) -> Int {
        Files.names(in: "/proc/\(pid)/task").filter {
            (try? Files.text("/proc/\(pid)/task/\($0)/comm")).map { !["admin\n", "reload\n", "call\n"].contains($0) }
                ?? false
        }.count
    }

    var description: String {
        (generations + addresses + images).joined(separator: "\n")
            + "\n\(fileDescriptors) descriptors, \(threads) threads"
    }

    /// The footprint once two successive readings are equal.
    static func settled(of server: RunningServer) throws -> Footprint {
        var last = try Footprint(of: server)
        try waitUntil("the server is at rest") {
            let now = try Footprint(of: server)
            defer { last = now }
            return now == last
        }
        return last
    }
}
