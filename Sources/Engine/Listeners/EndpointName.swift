import CMartlet
import PluginABI
import Synchronization

/// The names of endpoints, as plugins get them.
///
/// One copy of each text stays for the life of the process, because connections still point to it after their listening socket is
/// gone, and nothing counts those pointers. A reload costs memory only for a name that is new to the process.
package enum EndpointName {
    /// The same pointer for the same bytes. Takes a lock, so not for the hot path.
    package static func interned(_ text: String) -> UnsafePointer<martlet_text> {
        known.withLock { known in
            let entry = known[Array(text.utf8)] ?? Entry(name: permanent(permanentText(text)))
            known[Array(text.utf8)] = entry
            return entry
        }.name
    }

    /// Keyed by bytes: strings that Unicode considers equal, such as the paths of two sockets, may have different bytes.
    private static let known = Mutex<[[UInt8]: Entry]>([:])

    /// Never changed and never freed, so it is safe on every thread.
    private struct Entry: @unchecked Sendable {
        let name: UnsafePointer<martlet_text>
    }
}
