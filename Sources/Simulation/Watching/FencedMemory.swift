/// Memory that the plugin is lent: exactly as much as it may use, so that AddressSanitizer sees one byte too many, and with a fence behind
/// it for those who build without.
struct FencedMemory {
    /// Bytes of a fence.
    static let fenceSize = 16
    private static let fence: UInt8 = 0xA5

    let bytes: UnsafeMutableRawBufferPointer

    init(count: Int) {
        let base = UnsafeMutableRawPointer.allocate(byteCount: count + Self.fenceSize, alignment: 16)
        bytes = UnsafeMutableRawBufferPointer(start: base, count: count)
        Self.raiseFence(base + count)
    }

    var isFenceIntact: Bool { bytes.baseAddress.map { Self.isIntact($0 + bytes.count) } ?? true }

    /// The content is spoilt first: a plugin that kept the pointer reads nonsense.
    func free() {
        Self.spoil(bytes)
        bytes.baseAddress?.deallocate()
    }

    static func raiseFence(_ place: UnsafeMutableRawPointer) {
        place.initializeMemory(as: UInt8.self, repeating: fence, count: fenceSize)
    }

    static func isIntact(_ place: UnsafeRawPointer) -> Bool {
        UnsafeRawBufferPointer(start: place, count: fenceSize).allSatisfy { $0 == fence }
    }

    static func spoil(_ bytes: UnsafeMutableRawBufferPointer) {
        bytes.initializeMemory(as: UInt8.self, repeating: 0xDD)
    }
}
