import CMartlet
import Engine
import Operations

/// Under which name and versions a plugin saves and restores its sessions: `martlet.session-state/1`.
package struct StateSchema: Codable, Sendable, Equatable {
    package var name: String
    /// Of what it saves.
    package var version: UInt32
    /// What it restores.
    package var oldest: UInt32
    package var newest: UInt32

    /// Reads the plugin's extension, and puts its functions among the callbacks. nil: the plugin has none, or it is
    /// incomplete.
    init?(_ plugin: martlet_plugin, _ callbacks: inout SessionCallbacks) {
        guard let functions = plugin.functions(of: MARTLET_SESSION_STATE) else { return nil }
        let table = functions.assumingMemoryBound(to: martlet_session_state.self)
        guard table.pointee.size >= MemoryLayout<martlet_session_state>.size, let save = table.pointee.save,
            let restore = table.pointee.restore, let moved = table.pointee.moved
        else { return nil }
        name = String(table.pointee.schema)
        version = table.pointee.version
        oldest = table.pointee.oldest
        newest = table.pointee.newest
        callbacks.migration = MigrationCallbacks(version: version, save: save, restore: restore, moved: moved)
    }

    /// Whether sessions that `self` saves can be restored by another image, which may be older or newer.
    package func fits(_ other: StateSchema) -> Bool {
        name == other.name && other.oldest <= version && version <= other.newest
    }
}
