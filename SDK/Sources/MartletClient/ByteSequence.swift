/// What a key, a prefix or a value can be: bytes, or a text, which is sent as UTF-8.
public protocol ByteSequence: Sendable {
    /// The bytes that are sent.
    var martletBytes: [UInt8] { get }
}

extension String: ByteSequence {
    /// UTF-8
    public var martletBytes: [UInt8] { Array(utf8) }
}

extension Substring: ByteSequence {
    /// UTF-8
    public var martletBytes: [UInt8] { Array(utf8) }
}

extension [UInt8]: ByteSequence {
    /// The array itself.
    public var martletBytes: [UInt8] { self }
}

extension ArraySlice<UInt8>: ByteSequence {
    /// The elements of the slice.
    public var martletBytes: [UInt8] { Array(self) }
}
