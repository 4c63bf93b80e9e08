extension FrameEncoder {
    /// Returns the output of any encoder as an array, for clients and tests: `FrameEncoder.array { FrameEncoder.get(key: key,
    /// requestID: 1, into: &$0) }`.
    ///
    /// Returns nil when an argument breaks a limit. The closure runs again, with more memory, while it returns `needs`.
    public static func array(_ encode: (inout MutableRawSpan) -> Encoded) -> [UInt8]? {
        // Most frames are small, so the first try is usually the last.
        var bytes = [UInt8](repeating: 0, count: 256)
        while true {
            switch run(encode, into: &bytes) {
            case .written(let count):
                bytes.removeLast(bytes.count - count)
                return bytes
            case .needs(let count) where count > bytes.count:
                bytes = [UInt8](repeating: 0, count: count)
            case .needs, .outOfLimits:
                return nil
            }
        }
    }

    private static func run(_ encode: (inout MutableRawSpan) -> Encoded, into bytes: inout [UInt8]) -> Encoded {
        var elements = bytes.mutableSpan
        // Safe: every bit pattern is a UInt8.
        var output = unsafe elements.mutableBytes
        return encode(&output)
    }
}
