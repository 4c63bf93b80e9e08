import CMartlet

/// What a saved state is called and which versions of it a plugin understands: the first members of `martlet_session_state` and
/// `martlet_instance_state`.
package struct StateVersions: Sendable {
    /// The same on both sides.
    package let schema: String
    /// The version that `save` writes.
    package let version: UInt32
    /// The versions that `restore` accepts.
    package let restores: ClosedRange<UInt32>

    init(
        _ schema: martlet_text, version: UInt32, oldest: UInt32, newest: UInt32, of extensionID: String
    ) throws(SizedStructProblem) {
        guard oldest <= newest else {
            throw SizedStructProblem(
                "its \(extensionID) restores versions \(oldest) to \(newest): expected oldest <= newest")
        }
        self.schema = String(schema)
        self.version = version
        restores = oldest...newest
    }

    /// Whether the other plugin, which may be older or newer, restores what this one saves.
    package func fits(_ other: StateVersions) -> Bool { schema == other.schema && other.restores.contains(version) }
}
