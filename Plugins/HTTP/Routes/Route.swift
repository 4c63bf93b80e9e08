import Glibc

/// Bytes that this value does not own: of the input during a callback, or of a table during the life of an
/// instance. Unlike an array it costs no retain when it is read from a table.
typealias Bytes = UnsafeBufferPointer<UInt8>

/// One route, in the form for lookups. A trivial type, so that a lookup copies bytes and counts no references.
struct Route {
    enum Kind: UInt8 {
        /// `resource` is the number of a prepared answer.
        case fixed
        /// `resource` is the number of a folder.
        case folder
        case echo
        /// The path of a folder without its last slash: redirects to the path with the slash.
        case folderWithoutSlash
    }

    /// Decoded.
    let path: Bytes
    let kind: Kind
    let resource: Int32
    /// The index in the table of the next shorter prefix of this path; -1: none.
    let parent: Int32

    var isPrefix: Bool { path[path.count - 1] == UInt8(ascii: "/") }

    @inline(__always)
    func matches(_ other: Bytes) -> Bool {
        guard path.count == other.count || (path.count < other.count && isPrefix) else { return false }
        return memcmp(path.baseAddress!, other.baseAddress!, path.count) == 0
    }
}

extension Bytes {
    /// Lexicographic; below 0 if `self` comes first.
    @inline(__always)
    func compare(to other: Bytes) -> Int {
        let order = memcmp(baseAddress!, other.baseAddress!, Swift.min(count, other.count))
        return order != 0 ? Int(order) : count - other.count
    }

    /// A copy that the caller deallocates.
    init(copying bytes: some Collection<UInt8>) {
        let memory = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        _ = memory.initialize(from: bytes)
        self.init(memory)
    }
}
