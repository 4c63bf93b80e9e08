/// A file name extension of one to sixteen bytes in lower case, packed into an integer, so that choosing a media type compares
/// integers.
struct FileExtension: Equatable {
    private let packed: UInt128

    /// The extension of the last segment of `path`; nil when the segment has none or a longer one.
    init?(of path: RawSpan) {
        var offset = path.byteCount
        var packed: UInt128 = 0
        while offset > 0 {
            offset -= 1
            let byte = path.byte(at: offset)
            if byte == ASCII.dot {
                let isHidden = offset == 0 || path.byte(at: offset - 1) == ASCII.slash
                guard packed != 0, !isHidden else { return nil }
                self.packed = packed
                return
            }
            guard byte != ASCII.slash, byte != ASCII.nul, packed >> 120 == 0 else { return nil }
            let isUpper = byte &- 0x41 < 26
            packed = packed << 8 | UInt128(isUpper ? byte | 0x20 : byte)
        }
        return nil
    }

    @inline(__always)
    private init(literal: StaticString) {
        var packed: UInt128 = 0
        var index = min(literal.utf8CodeUnitCount, 16)
        while index > 0 {
            index -= 1
            packed = packed << 8 | UInt128(literal.byte(at: index))
        }
        self.packed = packed
    }

    /// For `case "html":`.
    @inline(__always)
    static func ~= (pattern: StaticString, key: FileExtension) -> Bool { FileExtension(literal: pattern) == key }
}
