import Instances
import PluginHost

extension RunningServer {
    func counts(of listener: String) throws -> ConnectionCounts {
        guard let found = try self.listener(listener) else { throw Failure("no listener \(listener)") }
        return found.counts
    }

    /// How often a limit was reached.
    func hits(_ limit: String, of listener: String = "shout") throws -> UInt64 {
        try counts(of: listener).limits[limit] ?? 0
    }

    /// A server with the shout plugin, whose line protocol counts requests.
    static func shout(process: String = "", _ more: String) throws -> RunningServer {
        let folder = try ServerFolder(process: process)
        try folder.installShout(more)
        return try RunningServer(folder)
    }

    /// A server with the http plugin, which has a text at `/` and an echo at `/echo`.
    static func http(process: String = "", _ more: String) throws -> RunningServer {
        let folder = try ServerFolder(process: process)
        try folder.install(BuildFolder.plugin("HTTPPlugin"), as: "http.so")
        try folder.listen(
            "http", plugin: "http.so",
            """
            \(more)
            [[options.routes]]
            path = "/"
            text = "hello"
            [[options.routes]]
            path = "/echo"
            echo = true
            """)
        return try RunningServer(folder)
    }

    /// A server with a fixture on a listener of the same name.
    static func fixture(_ name: String, process: String = "", _ more: String = "") throws -> RunningServer {
        let folder = try ServerFolder(process: process)
        try folder.installFixture(name, more)
        return try RunningServer(folder)
    }

    /// Checks that a new peer of a listener is served.
    func expectAnswers(_ listener: String = "shout", _ word: String = "well") throws {
        let answer = try connect(to: listener).ask(word)
        guard answer == word.uppercased() else { throw Failure("ask \(word): found \(answer)") }
    }
}
