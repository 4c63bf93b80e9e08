import Glibc

/// Bytes in memory that somebody else keeps: of the input during a callback, or of a table during the life of an
/// instance. Unlike an array it costs no retain when it is read from a table.
typealias Bytes = UnsafeBufferPointer<UInt8>

/// One route, as requests see it. Trivial, so that a lookup copies bytes and counts nothing.
struct Route {
    enum Kind: UInt8 {
        /// `resource` is the number of a prepared answer.
        case fixed
        /// `resource` is the number of a folder.
        case folder
        case echo
        /// The path of a folder without its last slash: redirects to the one with it.
        case folderWithoutSlash
    }

    /// Decoded.
    let path: Bytes
    let kind: Kind
    let resource: Int32
    /// The next shorter prefix that this path begins with, as a number in the table; -1: none.
    let parent: Int32

    var isPrefix: Bool { path[path.count - 1] == UInt8(ascii: "/") }

    @inline(__always)
    func matches(_ other: Bytes) -> Bool {
        guard path.count == other.count || (path.count < other.count && isPrefix) else { return false }
        return memcmp(path.baseAddress!, other.baseAddress!, path.count) == 0
    }
}

extension Bytes {
    /// Lexicographic; below 0 when `self` comes first.
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
