import Glibc

extension String {
    /// Copies bytes of the input, as UTF-8. Invalid UTF-8 is replaced by U+FFFD.
    @inlinable
    public init(decoding bytes: Span<UInt8>) {
        self = bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
}

extension Span<UInt8> {
    /// Whether these are the bytes of a constant text, such as the name of a command. Allocates nothing.
    @inlinable
    public func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        return withUnsafeBytes { $0.count == 0 || memcmp($0.baseAddress!, text.utf8Start, $0.count) == 0 }
    }
}
