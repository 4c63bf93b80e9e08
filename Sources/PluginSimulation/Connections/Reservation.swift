/// Memory that the plugin is lent: exactly as much as was asked for, so that AddressSanitizer sees one byte too many,
/// and with a fence behind it for those who build without.
struct Reservation {
    let bytes: UnsafeMutableRawBufferPointer
    /// What is wrong with its content has been said.
    var isReported = false
    private static let fenceBytes = 16
    private static let fence: UInt8 = 0xA5

    init(count: Int, alignment: Int = 16) {
        let base = UnsafeMutableRawPointer.allocate(byteCount: count + Self.fenceBytes, alignment: alignment)
        bytes = UnsafeMutableRawBufferPointer(start: base, count: count)
        (base + count).initializeMemory(as: UInt8.self, repeating: Self.fence, count: Self.fenceBytes)
    }

    var fenceIsIntact: Bool {
        guard let base = bytes.baseAddress else { return true }
        return UnsafeRawBufferPointer(start: base + bytes.count, count: Self.fenceBytes).allSatisfy { $0 == Self.fence }
    }

    /// The content is spoilt first: whoever kept the pointer reads nonsense.
    func free() {
        bytes.initializeMemory(as: UInt8.self, repeating: 0xDD)
        bytes.baseAddress?.deallocate()
    }
}
