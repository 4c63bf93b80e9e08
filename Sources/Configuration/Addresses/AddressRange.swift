import Addresses

/// Addresses with a common prefix, as `192.0.2.0/24` or `2001:db8::/32` (RFC 4632, 3.1; RFC 4291, 2.3). A single address is a
/// range of one.
package struct AddressRange: Sendable, Hashable, CustomStringConvertible {
    package struct ParseError: Error, Sendable {
        package let message: String
    }

    /// Four or sixteen bytes, in network order.
    package let bytes: [UInt8]
    /// Length of the prefix in bits. The bits after it are zero.
    package let length: Int

    package init(parsing text: String) throws(ParseError) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let host = String(parts[0])
        guard let bytes = IPv4Address(host)?.bytes ?? IPv6Address(host)?.bytes else {
            throw ParseError(message: #"expected an address or a range such as "192.0.2.0/24", found \#(quoted(text))"#)
        }
        self.bytes = bytes
        let bits = bytes.count * 8
        guard parts.count == 2 else {
            length = bits
            return
        }
        guard let length = Int(parts[1]), (0...bits).contains(length), !parts[1].hasPrefix("+") else {
            throw ParseError(message: "expected a prefix of 0 to \(bits) bits, found \(quoted(text))")
        }
        self.length = length
        let network = Self.masked(bytes, to: length)
        guard network == bytes else {
            let expected = "\(Self.render(network))/\(length)"
            throw ParseError(
                message: "expected \(quoted(expected)), without bits after the prefix, found \(quoted(text))")
        }
    }

    private static func masked(_ bytes: [UInt8], to length: Int) -> [UInt8] {
        bytes.enumerated().map { index, byte in
            let bits = min(max(length - index * 8, 0), 8)
            return byte & UInt8(truncatingIfNeeded: 0xFF00 >> bits)
        }
    }

    private static func render(_ bytes: [UInt8]) -> String {
        bytes.count == 4
            ? bytes.map(String.init).joined(separator: ".") : IPv6Address(bytes: bytes)?.description ?? "::"
    }

    package var description: String { "\(Self.render(bytes))/\(length)" }
}
