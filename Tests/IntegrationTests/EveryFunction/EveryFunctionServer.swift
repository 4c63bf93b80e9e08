import Glibc
import Server

/// The every-function fixture in the real server. Each line from a peer names the function that the plugin calls.
struct EveryFunctionServer {
    let folder: ServerFolder
    let server: RunningServer

    /// The content of the file that `send_file` sends.
    static let content = patternBytes(100_000)

    /// - Parameter more: further lines of the listener's file.
    init(_ more: String = "") throws {
        folder = try ServerFolder()
        try Files.replace(folder.file("file.txt"), with: Self.content, mode: 0o644)
        try Self.install(version: "1.0.0", folder)
        try Self.listen(folder, "every", more)
        server = try RunningServer(folder)
    }

    /// Writes a listener's file with an endpoint called "front".
    static func listen(_ folder: ServerFolder, _ name: String, _ more: String = "") throws {
        let text = """
            plugin = "every-function.so"
            [[listen]]
            name = "front"
            address = "127.0.0.1:0"
            \(more)

            """
        try Files.replace(folder.file(name + ".toml"), with: Array(text.utf8), mode: 0o644)
    }

    func install(version: String) throws { try Self.install(version: version, folder) }

    private static func install(version: String, _ folder: ServerFolder) throws {
        let library = try Fixture.library("every-function", defines: ["VERSION": "\"\(version)\""])
        try folder.install(library, as: "every-function.so")
    }

    func connect() throws -> Peer { try server.connect(to: "every") }

    func metric(_ name: String) throws -> Int64 { try server.metric(name, of: "every") }
}
