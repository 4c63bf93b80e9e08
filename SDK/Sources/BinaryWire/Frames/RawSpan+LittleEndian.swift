// The unsafe code of the module: unaligned loads and copies. The checked forms trap when the
// offset is out of range; the codec compares with the byte count before it reads, so no peer can reach that.

extension RawSpan {
    @inline(__always)
    func littleEndian<Value: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: Value.Type) -> Value {
        Value(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self))
    }

    /// For loops that have compared the offset with the byte count themselves.
    @inline(__always)
    func uncheckedLittleEndian<Value: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int, as type: Value.Type
    ) -> Value {
        assert(offset >= 0 && offset <= byteCount - MemoryLayout<Value>.size)
        return Value(littleEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: Value.self))
    }

    func isUTF8(_ range: Range<Int>) -> Bool {
        unsafe extracting(range).withUnsafeBytes { buffer in
            (try? UTF8Span(validating: unsafe buffer.assumingMemoryBound(to: UInt8.self).span)) != nil
        }
    }

    /// The bytes as text, with ill-formed sequences replaced. Allocates: for names and messages, not for values.
    public func text(_ range: Range<Int>) -> String {
        unsafe extracting(range).withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }

    public func array(_ range: Range<Int>) -> [UInt8] {
        unsafe extracting(range).withUnsafeBytes { unsafe [UInt8]($0) }
    }
}

extension MutableRawSpan {
    @inline(__always)
    mutating func store<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at offset: Int) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
    }

    mutating func copy(_ source: RawSpan, at offset: Int) {
        let end = offset + source.byteCount
        precondition(offset >= 0 && end <= byteCount, "copy beyond the end of the output")
        unsafe withUnsafeMutableBytes { target in
            unsafe source.withUnsafeBytes { bytes in
                unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset..<end]).copyMemory(from: bytes)
            }
        }
    }
}
