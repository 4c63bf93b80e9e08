import Glibc
import TestInput
import Testing

@testable import Engine

/// The PROXY protocol, as it is specified (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt).
@Suite struct ProxyHeaderTests {
    enum Outcome: Equatable {
        case incomplete, invalid
        /// Length, and both ends.
        case complete(Int, String?)
    }

    private func read(_ bytes: [UInt8]) -> Outcome {
        // An exact allocation, so that a sanitizer detects a read past the end.
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        switch ProxyHeader(UnsafeRawBufferPointer(copy)) {
        case .incomplete: return .incomplete
        case .invalid: return .invalid
        case .complete(let length, let route):
            return .complete(length, route.map { text($0.peer) + ", " + text($0.local) })
        }
    }

    private func read(_ text: String) -> Outcome { read(Array(text.utf8)) }

    private func text(_ peer: PeerAddress) -> String {
        var bytes = peer
        var text = [CChar](repeating: 0, count: 64)
        withUnsafeBytes(of: &bytes) {
            _ = inet_ntop(peer.family == .ipv4 ? AF_INET : AF_INET6, $0.baseAddress, &text, 64)
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) + " \(peer.port)"
    }

    static func binary(_ versionAndCommand: UInt8, _ family: UInt8, _ payload: [UInt8], length: Int? = nil) -> [UInt8] {
        let length = length ?? payload.count
        return [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
            + [versionAndCommand, family, UInt8(length >> 8), UInt8(length & 0xFF)] + payload
    }

    private static let ipv4: [UInt8] = [192, 0, 2, 7, 198, 51, 100, 1, 0xDC, 0x04, 0x01, 0xBB]
    private static let ipv6: [UInt8] =
        [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [9] + [UInt8](repeating: 1, count: 16)
        + [0xFF, 0xFF, 0x00, 0x50]

    static let valid: [([UInt8], String?)] = [
        (Array("PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n".utf8), "192.0.2.7 56324, 198.51.100.1 443"),
        (
            Array("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n".utf8),
            "255.255.255.255 65535, 255.255.255.255 65535"
        ),
        (Array("PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n".utf8), "0.0.0.0 0, 0.0.0.0 0"),
        (Array("PROXY TCP6 2001:db8::9 2001:db8::1 1 2\r\n".utf8), "2001:db8::9 1, 2001:db8::1 2"),
        (Array("PROXY TCP6 ::ffff:192.0.2.7 ::1 7 8\r\n".utf8), "192.0.2.7 7, ::1 8"),
        (
            Array(
                ("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535"
                    + "\r\n").utf8),
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535, ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535"
        ),
        (Array("PROXY UNKNOWN\r\n".utf8), nil),
        (Array("PROXY UNKNOWN and whatever it may be\r\n".utf8), nil),
        (
            Array(
                ("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
                    + "65535 65535\r\n").utf8), nil
        ),
        (binary(0x21, 0x11, ipv4), "192.0.2.7 56324, 198.51.100.1 443"),
        (binary(0x21, 0x21, ipv6), "2001:db8::9 65535, 101:101:101:101:101:101:101:101 80"),
        (
            binary(
                0x21, 0x21,
                [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 192, 0, 2, 7] + [UInt8](repeating: 0, count: 16)
                    + [0, 9, 0, 1]), "192.0.2.7 9, :: 1"
        ),
        // With type-length-value fields after the addresses.
        (binary(0x21, 0x11, ipv4 + [0x04, 0x00, 0x03, 1, 2, 3]), "192.0.2.7 56324, 198.51.100.1 443"),
        (binary(0x21, 0x11, ipv4 + [UInt8](repeating: 7, count: 4_096 - 28)), "192.0.2.7 56324, 198.51.100.1 443"),
        // LOCAL: a connection of the proxy itself, whatever else the header contains.
        (binary(0x20, 0x00, []), nil), (binary(0x20, 0x11, ipv4), nil), (binary(0x20, 0xFF, [1, 2, 3]), nil),
        // Families without an address that counts: unspecified, datagrams, Unix sockets.
        (binary(0x21, 0x00, []), nil), (binary(0x21, 0x12, ipv4), nil), (binary(0x21, 0x22, ipv6), nil),
        (binary(0x21, 0x31, [UInt8](repeating: 0, count: 216)), nil),
        (binary(0x21, 0x32, [UInt8](repeating: 0, count: 216)), nil),
    ]

    @Test(arguments: valid)
    func validHeadersAreRead(header: [UInt8], route: String?) {
        #expect(read(header) == .complete(header.count, route))
        #expect(read(header + Array("GET / HTTP/1.1\r\n\r\n".utf8)) == .complete(header.count, route))
    }

    @Test(arguments: valid)
    func everyPrefixOfAValidHeaderIsIncomplete(header: [UInt8], route: String?) {
        for count in 0..<header.count { #expect(read(Array(header.prefix(count))) == .incomplete, "\(count) bytes") }
    }

    static let wrong: [String] = [
        "G", "GET / HTTP/1.1\r\n", "proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n", "PROXY\r\n", "PROXY \r\n", "PROXY \n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n",
        "PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n",
        "PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n", "PROXY TCP4 1.2.3.4 5.6.7 1 2\r\n", "PROXY TCP4 1.2.3.256 5.6.7.8 1 2\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n", "PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", "PROXY TCP6 ::1 1.2.3.4 1 2\r\n",
        "PROXY TCP6 fe80::1%lo ::1 1 2\r\n", "PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n", "PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8  2\r\n",
        // The specification allows no leading zero.
        "PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 02\r\n",
        "PROXY TCP4 01.2.3.4 5.6.7.8 1 2\r\n", "PROXY TCP4 1.2.3.4 5.6.7.08 1 2\r\n",
        "PROXY TCP6 ::1 ::2 00 1\r\n", "PROXY TCP6 ::1 ::2 1 00443\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 000001 2\r\n", "PROXY TCP4 1.2.3.4\0 5.6.7.8 1 2\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8\0x 1 2\r\n", "PROXY TCP6 ::1\0 ::1 1 2\r\n", "PROXY unknown\r\n",
        "PROXY UNKNOWNED\r\n",
        // Longer than a line may be: the line end is missing or too late.
        "PROXY UNKNOWN " + String(repeating: "x", count: 93),
        "PROXY UNKNOWN " + String(repeating: "x", count: 92) + "\r\n",
    ]

    @Test(arguments: wrong)
    func aMalformedTextHeaderIsInvalid(header: String) { #expect(read(header) == .invalid) }

    @Test func theLongestTextHeaderHas107Bytes() {
        let line = "PROXY UNKNOWN " + String(repeating: "x", count: 91) + "\r\n"
        #expect(read(line) == .complete(107, nil))
    }

    @Test func aMalformedBinaryHeaderIsInvalid() {
        let cases: [[UInt8]] = [
            Self.binary(0x11, 0x11, Self.ipv4), Self.binary(0x31, 0x11, Self.ipv4), Self.binary(0x22, 0x11, Self.ipv4),
            Self.binary(0x2F, 0x11, Self.ipv4), Self.binary(0x21, 0x10, Self.ipv4), Self.binary(0x21, 0x13, Self.ipv4),
            Self.binary(0x21, 0x41, Self.ipv6), Self.binary(0x21, 0xFF, Self.ipv4),
            // Shorter than the addresses that it announces.
            Self.binary(0x21, 0x11, Array(Self.ipv4.dropLast())), Self.binary(0x21, 0x21, Self.ipv4),
            Self.binary(0x21, 0x11, []),
            // Longer than the accepted maximum.
            Self.binary(0x21, 0x11, Self.ipv4, length: 4_096 - 15), Self.binary(0x21, 0x11, Self.ipv4, length: 65_535),
        ]
        for header in cases { #expect(read(header) == .invalid, "\(header.prefix(20))") }
    }

    @Test func aSignatureWithAWrongByteIsInvalid() {
        let header = Self.binary(0x21, 0x11, Self.ipv4)
        for index in 0..<12 {
            var other = header
            other[index] ^= 0x20
            #expect(read(other) == .invalid, "byte \(index)")
            #expect(read(Array(other.prefix(index + 1))) == .invalid, "byte \(index), as early as it can be known")
        }
    }

    /// The results for random bytes hardly matter. The test is that every call returns.
    @Test(arguments: UInt64(1)...4) func randomBytesDoNotTrap(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for round in 0..<5_000 {
            var bytes = Self.valid[round % Self.valid.count].0
            if round % 3 == 0 { bytes = (0..<Int.random(in: 0...64, using: &generator)).map { _ in 0 } }
            for _ in 0..<Int.random(in: 1...8, using: &generator) where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator))
            if case .complete(let length, _) = read(bytes) {
                #expect((1...bytes.count).contains(length), "seed \(seed), round \(round)")
            }
        }
    }
}
