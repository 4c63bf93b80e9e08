// Reads what `SavedState` wrote. Saved state comes from other code: every function checks the length.
extension RawSpan {
    /// Reads a number, little-endian, and moves `position` past it. nil: there are too few bytes, and `position` stays.
    public func number<Number: FixedWidthInteger & BitwiseCopyable>(
        _: Number.Type = Number.self, at position: inout Int
    ) -> Number? {
        let size = MemoryLayout<Number>.size
        guard position >= 0, size <= byteCount - position else { return nil }
        defer { position += size }
        return Number(littleEndian: unsafeLoadUnaligned(fromByteOffset: position, as: Number.self))
    }

    /// Reads a text that `SavedState.append(_:)` wrote, and moves `position` past it. nil: there are too few bytes, and `position` stays.
    /// Invalid UTF-8 is replaced by U+FFFD.
    public func text(at position: inout Int) -> String? {
        var start = position
        guard let count = number(UInt32.self, at: &start), Int(count) <= byteCount - start else { return nil }
        position = start + Int(count)
        return extracting(start..<position).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}
