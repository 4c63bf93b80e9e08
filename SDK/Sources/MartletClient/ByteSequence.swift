/// What a key, a prefix or a value can be: bytes, or a text, which is sent as UTF-8.
public protocol ByteSequence: Sendable {
    var bytes: [UInt8] { get }
}

extension String: ByteSequence {
    public var bytes: [UInt8] { Array(utf8) }
}

extension Substring: ByteSequence {
    public var bytes: [UInt8] { Array(utf8) }
}

extension [UInt8]: ByteSequence {
    public var bytes: [UInt8] { self }
}

extension ArraySlice<UInt8>: ByteSequence {
    public var bytes: [UInt8] { Array(self) }
}
