/// Memory that `reserve` handed out: exactly as much as was asked for, so that AddressSanitizer sees one byte too many,
/// and with a fence behind it for those who build without.
struct Reservation {
    let bytes: UnsafeMutableRawBufferPointer
    private static let fenceBytes = 16
    private static let fence: UInt8 = 0xA5

    init(count: Int) {
        let base = UnsafeMutableRawPointer.allocate(byteCount: count + Self.fenceBytes, alignment: 16)
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
