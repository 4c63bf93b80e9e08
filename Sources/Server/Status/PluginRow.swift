/// One line of `martlet plugins`: a plugin on a listener in one generation, or a file that no listener runs.
package struct PluginRow: Codable, Sendable, Equatable {
    package enum State: String, Codable, Sendable {
        /// Gets the listener's next connections.
        case running
        /// Gets a share of the listener's next connections, until it takes over or is withdrawn.
        case trial
        /// Runs, but the file on disk has different content: a reload would swap it.
        case outdated
        /// Runs, but the file on disk is gone or cannot be read.
        case missing
        /// An earlier generation, or one whose listener is stopping. It lives until its last connection closes.
        case retiring
        /// Offline: the file would be accepted.
        case ready
        /// Offline: the file, or its listener's configuration, would be refused.
        case refused
        /// No listener names the file.
        case unused
        /// Its listener has `enabled = false`.
        case disabled
    }

    package var name: String
    package var version: String
    package var abi: String
    package var file: String
    package var hash: String
    package var listener: String
    package var generation: Int
    package var connections: UInt64
    package var state: State
    /// The reason for a refusal, or the hash on disk.
    package var note: String

    package init(
        name: String, version: String, abi: String, file: String, hash: String, listener: String = "",
        generation: Int = 0, connections: UInt64 = 0, state: State, note: String = ""
    ) {
        self.name = name
        self.version = version
        self.abi = abi
        self.file = file
        self.hash = hash
        self.listener = listener
        self.generation = generation
        self.connections = connections
        self.state = state
        self.note = note
    }
}
