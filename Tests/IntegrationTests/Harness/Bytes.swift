import Glibc
import Testing

/// Pseudorandom bytes with a long period, so that a lost or repeated piece is noticed.
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

/// Compares many bytes. If the arrays differ, `#expect(found == expected)` would search for the shortest edit between them, which takes
/// hours for a megabyte.
func expectSame(_ found: [UInt8], _ expected: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) {
    let difference = zip(found, expected).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    #expect(
        found.count == expected.count && difference == nil,
        "expected \(expected.count) bytes, found \(found.count); first difference: \(difference.map { "\($0)" } ?? "-")",
        sourceLocation: sourceLocation)
}

/// Compares like `==`, but fast enough in a debug build not to slow a load generator down.
func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    one.count == other.count && memcmp(one, other, one.count) == 0
}

func mebibytes(_ bytes: UInt64) -> String { "\((Double(bytes) / 1_048_576 * 10).rounded() / 10) MiB" }

/// Sends with send(2) from a thread other than the one that uses the `Peer`.
func sendAll(_ bytes: [UInt8], to descriptor: Int32) throws {
    var sent = 0
    while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count > 0 else { throw Failure.system("send") }
        sent += count
    }
}
