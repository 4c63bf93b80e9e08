import Server

/// The plugin `switchboard.c`, which hands connections over from one listener to another.
extension ServerFolder {
    /// Installs the plugin and a listener for it. All listeners share one image.
    ///
    /// - Parameter more: keys such as `dispatch`, then tables.
    func switchboard(
        _ name: String, on addresses: [String] = ["127.0.0.1:0"], version: String = "1", _ more: String = ""
    ) throws {
        try install(Self.library(version), as: "switchboard-\(version).so")
        try listen(name, plugin: "switchboard-\(version).so", on: addresses, more)
    }

    private static func library(_ version: String) throws -> String {
        try Fixture.library("switchboard", defines: ["VERSION": "\"\(version)\""])
    }
}

extension RunningServer {
    /// Two listeners of the switchboard, `one` and `two`.
    static func switchboard(_ one: String = "", to two: String = "") throws -> RunningServer {
        let folder = try ServerFolder()
        try folder.switchboard("one", one)
        try folder.switchboard("two", two)
        return try RunningServer(folder)
    }

    /// The numbers of open connections of the listeners `one` and `two`.
    func openOnEach() throws -> [UInt64] { [try counts(of: "one").open, try counts(of: "two").open] }
}
