import Glibc

/// Four bytes in network order.
package struct IPv4Address: Sendable, Hashable, CustomStringConvertible {
    package let bytes: [UInt8]

    package static let any = IPv4Address(bytes: [0, 0, 0, 0])
    package static let loopback = IPv4Address(bytes: [127, 0, 0, 1])

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Dotted decimal with four parts. inet_pton(3)
    package init?(_ text: String) {
        guard let bytes = parse(text, family: AF_INET, size: 4) else { return nil }
        self.bytes = bytes
    }

    package var description: String { bytes.map(String.init).joined(separator: ".") }
}

/// Sixteen bytes in network order.
package struct IPv6Address: Sendable, Hashable, CustomStringConvertible {
    package let bytes: [UInt8]

    package static let any = IPv6Address(bytes: [UInt8](repeating: 0, count: 16))!

    /// Needs sixteen bytes.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        self.bytes = Array(bytes)
    }

    /// Without brackets and scope. inet_pton(3)
    package init?(_ text: String) {
        guard let bytes = parse(text, family: AF_INET6, size: 16) else { return nil }
        self.bytes = bytes
    }

    /// fe80::/10, meaningful only together with an interface.
    package var isLinkLocal: Bool { bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80 }

    /// The IPv4 address inside `::ffff:0:0/96`.
    package var mappedIPv4: IPv4Address? {
        let prefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        guard bytes.starts(with: prefix) else { return nil }
        return IPv4Address(bytes[12...].map(String.init).joined(separator: "."))
    }

    /// The canonical form of RFC 5952. inet_ntop(3)
    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard unsafe inet_ntop(AF_INET6, bytes, &text, socklen_t(text.count)) != nil else { return "::" }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

private func parse(_ text: String, family: Int32, size: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: size)
    // C would stop at a NUL and take the text before it for the whole address.
    guard !text.utf8.contains(0), unsafe inet_pton(family, text, &bytes) == 1 else { return nil }
    return bytes
}
