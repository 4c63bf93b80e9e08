import Operations

/// A plugin's description: its descriptor without the functions. The probe sends it to the server, and `martlet plugins show
/// --json` prints it.
package struct PluginDescription: Codable, Sendable, Equatable {
    package enum Threads: String, Codable, Sendable { case loops, workers, both }

    package var name: String
    package var version: String
    package var summary: String
    /// A shell command to try it with; `{host}` and `{port}` stand for the address.
    package var example: String
    /// "1.0"
    package var abi: String
    package var threads: Threads
    /// The image may be unmapped once nothing uses it.
    package var unloadable: Bool
    /// It has callbacks for connections.
    package var isForStreams: Bool
    package var options: [PluginOption]
    package var extensions: [String]
    package var requiredExtensions: [String]
    package var operations: [OperationDescription] = []
}
