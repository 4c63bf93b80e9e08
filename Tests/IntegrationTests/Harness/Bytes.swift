import Glibc
import Testing

/// Bytes that repeat with a long period, so that a lost or doubled piece shows.
func patternBytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        for index in 0..<count {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            buffer[index] = UInt8(truncatingIfNeeded: state >> 33)
        }
        filled = count
    }
}

/// Compares many bytes. `#expect(found == expected)` would look for the shortest edit between two arrays that differ,
/// which takes hours for a megabyte.
func expectSame(_ found: [UInt8], _ expected: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) {
    let difference = zip(found, expected).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    #expect(
        found.count == expected.count && difference == nil,
        "expected \(expected.count) bytes, found \(found.count); first difference: \(difference.map { "\($0)" } ?? "-")",
        sourceLocation: sourceLocation)
}

/// What `==` says, in a debug build too fast to hold up a load.
func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    one.count == other.count && memcmp(one, other, one.count) == 0
}

func mebibytes(_ bytes: UInt64) -> String { "\((Double(bytes) / 1_048_576 * 10).rounded() / 10) MiB" }

/// Sends from another thread than the one that holds the `Peer`. send(2)
func sendAll(_ bytes: [UInt8], to descriptor: Int32) throws {
    var sent = 0
    while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count > 0 else { throw Failure.system("send") }
        sent += count
    }
}
