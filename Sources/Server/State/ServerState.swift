/// What survives the end of a server: which content failed a trial, and what is held back. Stored in `state.json`.
package struct ServerState: Codable, Sendable, Equatable {
    /// The format of the file. A server refuses a file in any other format.
    static let format = 1

    /// Content that failed its trial, or crashed.
    package struct Quarantined: Codable, Sendable, Equatable {
        var reason: String
        /// It has ended its host. Absent: it failed its trial.
        var crashed: Bool?
        /// The listener that tried it.
        var listener: String
        /// ISO 8601
        var time: String
    }

    /// What a listener is made of.
    struct Recipe: Codable, Sendable, Equatable {
        /// SHA-256 of the plugin.
        var hash: String
        /// Text of the listener's file.
        var file: String
    }

    /// A listener that does not run what the folder asks for.
    struct HeldBack: Codable, Sendable, Equatable {
        var reason: String
        var held: Recipe
        var runs: Recipe
    }

    var format = Self.format
    /// By content hash.
    var quarantine: [String: Quarantined] = [:]
    /// By listener.
    var heldBack: [String: HeldBack] = [:]

    package init() {}

    /// Hashes of the images whose originals a restart needs.
    var neededImages: Set<String> { Set(heldBack.values.map(\.runs.hash)) }

    /// Takes a hash, or the hashes that begin with it, out of quarantine, and releases what is held back under them. Returns the
    /// hashes.
    mutating func forgive(_ prefix: String) -> [String] {
        guard prefix.utf8.count >= 6 else { return [] }
        let forgiven = Set(quarantine.keys).union(heldBack.values.map(\.held.hash)).filter { $0.hasPrefix(prefix) }
        quarantine = quarantine.filter { !forgiven.contains($0.key) }
        heldBack = heldBack.filter { !forgiven.contains($0.value.held.hash) }
        return forgiven.sorted()
    }
}
