import CMartlet

/// Where the sessions of a plugin are: in its own memory, or in the host's.
package struct SessionLayout: Sendable, Equatable {
    /// 0: the plugin makes its sessions itself.
    package var size: Int
    package let alignment: Int
    /// The author's name for the layout, if sessions have no pointers; nil: they may have some.
    package let plainName: String?

    package init(_ plugin: martlet_plugin) throws(SizedStructProblem) {
        let (size, alignment) = (plugin.session_size, plugin.session_align == 0 ? 16 : plugin.session_align)
        guard size >= 0, size <= Self.sizeLimit else {
            throw SizedStructProblem(
                "its session_size is \(UInt(bitPattern: size)), expected at most \(Self.sizeLimit)")
        }
        guard alignment > 0, alignment & (alignment - 1) == 0, alignment <= Self.alignmentLimit else {
            throw SizedStructProblem(
                "its session_align is \(UInt(bitPattern: alignment)), expected a power of two, at most "
                    + "\(Self.alignmentLimit)")
        }
        self.size = size
        self.alignment = alignment
        guard plugin.flags & MARTLET_PLUGIN_PLAIN_SESSIONS != 0 else {
            plainName = nil
            return
        }
        guard size > 0, plugin.session_layout.length > 0, plugin.session_layout.data != nil else {
            throw SizedStructProblem(
                "it has MARTLET_PLUGIN_PLAIN_SESSIONS, which needs a session_size and a session_layout")
        }
        plainName = String(plugin.session_layout)
    }

    /// A hash of the layout of plain sessions, the same in every process; 0: they are not plain.
    package var form: UInt64 {
        guard let plainName else { return 0 }
        return max(stableHash("\(size)/\(alignment)/\(plainName)"), 1)
    }

    // The values in martlet.h, which Swift does not import because they have casts.
    private static let sizeLimit = 65_536
    private static let alignmentLimit = 64

    /// Whether a session of one can be copied and continue as a session of the other.
    package func isSamePlain(as other: SessionLayout) -> Bool { plainName != nil && self == other }
}
