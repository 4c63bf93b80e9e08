import Synchronization

/// The name of an endpoint, as plugins are told it.
///
/// One copy of each text stays for the life of the process: connections go on pointing at it when their socket is gone, and
/// nobody counts them. A reload costs memory only for a name that was never there before.
package struct EndpointName {
    /// UTF-8, with a NUL behind it.
    package let data: UnsafePointer<CChar>
    /// In bytes, without the NUL.
    package let length: Int

    /// The same pointer for the same bytes. Takes a lock, so not for the hot path.
    package static func interned(_ text: String) -> UnsafePointer<EndpointName> {
        let bytes = Array(text.utf8)
        return known.withLock { known in
            if let entry = known[bytes] { return entry }
            let entry = Entry(bytes)
            known[bytes] = entry
            return entry
        }.name
    }

    /// By bytes: strings that Unicode holds for equal, such as the paths of two sockets, may have different ones.
    private static let known = Mutex<[[UInt8]: Entry]>([:])

    /// Never changed and never freed, hence good on every thread.
    private struct Entry: @unchecked Sendable {
        let name: UnsafePointer<EndpointName>

        init(_ bytes: [UInt8]) {
            let data = UnsafeMutableBufferPointer<CChar>.allocate(capacity: bytes.count + 1)
            _ = data.initialize(from: bytes.map { CChar(bitPattern: $0) } + [0])
            let name = UnsafeMutablePointer<EndpointName>.allocate(capacity: 1)
            name.initialize(to: EndpointName(data: UnsafePointer(data.baseAddress!), length: bytes.count))
            self.name = UnsafePointer(name)
        }
    }
}
