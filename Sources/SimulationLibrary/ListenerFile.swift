import Configuration
import ConfiguredInstances
import Engine
import Instances

/// A listener's file that a test wrote, checked as the server checks it.
struct ListenerFile {
    let settings: InstanceSettings
    let options: OptionValue
    /// How many connections it may have; 0: any number.
    let connections: Int

    /// - Parameter path: of the file, for messages; its folder is that of relative paths.
    init(_ text: String, path: String, for plugin: PluginDescription) throws(ConfigurationError) {
        var document = try ConfigurationDocument(text: text, file: path, parser: .inProcess)
        // A simulation needs neither.
        for (key, value) in [("plugin", "plugin.so"), ("listen", "127.0.0.1:9999")] where document.root[key] == nil {
            document.root.members.append(.init(key: key, value: ConfigurationValue(.text(value))))
        }
        let listener = try ListenerConfiguration(
            name: "simulated", file: path, folder: FilePath.absolute(FilePath.folder(of: path)), document: document,
            defaults: Self.defaults)
        if let problem = listener.dispatchProblem(for: plugin) { throw ConfigurationError([problem]) }
        options = try listener.checkedOptions(for: plugin, parser: .inProcess)
        settings = listener.instanceSettings(for: plugin, callNanoseconds: 0)
        connections = listener.limits.connections
    }

    /// What the clock of a test would run into, and the share of a listener that has no neighbours.
    private static let defaults: ConfigurationTable = {
        let limits: [(String, Int64)] =
            [
                "handshake_timeout", "first_byte_timeout", "idle_timeout", "request_timeout", "write_timeout",
                "log_rate",
            ].map { ($0, 0) } + [("workers_share", 100)]
        let members = limits.map { ConfigurationTable.Member(key: $0, value: ConfigurationValue(.integer($1))) }
        let table = ConfigurationValue(.table(ConfigurationTable(members)))
        return ConfigurationTable([.init(key: "limits", value: table)])
    }()
}
