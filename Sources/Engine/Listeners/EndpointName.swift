import Synchronization

/// The name of an endpoint, as plugins get it.
///
/// One copy of each text stays for the life of the process, because connections still point to it after their listening socket is
/// gone, and nothing counts those pointers. A reload costs memory only for a name that is new to the process.
package struct EndpointName {
    /// UTF-8, followed by a NUL.
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

    /// Keyed by bytes: strings that Unicode considers equal, such as the paths of two sockets, may have different bytes.
    private static let known = Mutex<[[UInt8]: Entry]>([:])

    /// Never changed and never freed, so it is safe on every thread.
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
