import CLinux

/// A program or library that a process has mapped.
package struct MappedObject: Codable, Sendable, Hashable {
    package var path: String
    /// Where its address 0 is.
    package var base: UInt64
    package var start: UInt64
    package var end: UInt64

    /// Those of this process. dl_iterate_phdr(3)
    package static var all: [MappedObject] {
        let limit = 4_096
        return withUnsafeTemporaryAllocation(of: linux_object.self, capacity: limit) { buffer in
            let count = min(Int(linux_list_objects(buffer.baseAddress, Int32(limit))), limit)
            return buffer.prefix(count).map(MappedObject.init)
        }
    }

    private init(_ object: linux_object) {
        var copy = object
        let path = withUnsafeBytes(of: &copy.path) { Array($0.prefix { $0 != 0 }) }
        self.path = String(decoding: path, as: UTF8.self)
        (base, start, end) = (object.base, object.start, object.end)
    }
}
