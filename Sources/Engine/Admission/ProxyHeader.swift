/// The header that a proxy sends before the first byte of a connection: the PROXY protocol, versions 1 and 2
/// (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt).
package enum ProxyHeader: Sendable {
    /// More bytes are needed.
    case incomplete
    case invalid
    /// The header has `length` bytes. `route` is nil when it names no TCP addresses: the proxy's own connection (LOCAL), UNKNOWN,
    /// or another family.
    case complete(length: Int, route: Route?)

    /// Both ends of the connection that the proxy accepted.
    package struct Route: Sendable {
        package let peer: PeerAddress
        package let local: PeerAddress
    }

    /// The longest header that is accepted, including the type-length-value fields that a proxy adds to version 2.
    package static let maximumLength = 4_096

    private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    private static let version1 = Array("PROXY ".utf8)
    /// Including the line end (section 2.1).
    private static let version1Limit = 107

    package init(_ bytes: UnsafeRawBufferPointer) {
        guard let first = bytes.first else {
            self = .incomplete
            return
        }
        self = first == Self.signature[0] ? Self.readBinary(bytes) : Self.readText(bytes)
    }

    private static func agrees(_ bytes: UnsafeRawBufferPointer, with expected: [UInt8]) -> Bool {
        zip(bytes, expected).allSatisfy { $0 == $1 }
    }

    // MARK: Version 1: a line of text

    private static func readText(_ bytes: UnsafeRawBufferPointer) -> ProxyHeader {
        guard agrees(bytes, with: version1) else { return .invalid }
        let window = bytes.prefix(version1Limit)
        guard let end = window.firstIndex(of: 0x0A) else {
            return window.count < version1Limit ? .incomplete : .invalid
        }
        guard end > version1.count, bytes[end - 1] == 0x0D else { return .invalid }
        // inet_pton(3) would stop at a NUL.
        guard !bytes[..<end].contains(0) else { return .invalid }
        let line = String(decoding: bytes[version1.count..<(end - 1)], as: UTF8.self)
        let fields = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        if fields.first == "UNKNOWN" { return .complete(length: end + 1, route: nil) }
        guard fields.count == 5, let peer = address(fields[0], fields[1], fields[3]),
            let local = address(fields[0], fields[2], fields[4])
        else { return .invalid }
        return .complete(length: end + 1, route: Route(peer: peer, local: local))
    }

    private static func address(_ family: String, _ address: String, _ port: String) -> PeerAddress? {
        // Section 2.1 permits no sign and no leading zero, which some parsers would read as octal.
        guard let number = UInt16(port), String(number) == port else { return nil }
        return switch family {
        case "TCP4": PeerAddress(ipv4: address, port: number)
        case "TCP6": PeerAddress(ipv6: address, port: number)
        default: nil
        }
    }

    // MARK: Version 2: binary

    private static func readBinary(_ bytes: UnsafeRawBufferPointer) -> ProxyHeader {
        guard agrees(bytes, with: signature) else { return .invalid }
        guard bytes.count >= 16 else { return .incomplete }
        let length = 16 + Int(bytes[14]) << 8 + Int(bytes[15])
        let (version, command) = (bytes[12] >> 4, bytes[12] & 0xF)
        guard version == 2, command <= 1, length <= maximumLength else { return .invalid }
        guard bytes.count >= length else { return .incomplete }
        guard command == 1 else { return .complete(length: length, route: nil) }
        // Source address, destination address, source port, destination port.
        switch bytes[13] {
        case 0x11 where length >= 16 + 12:
            let peer = PeerAddress(ipv4: bytes, at: 16, portAt: 24)
            let local = PeerAddress(ipv4: bytes, at: 20, portAt: 26)
            return .complete(length: length, route: Route(peer: peer, local: local))
        case 0x21 where length >= 16 + 36:
            let peer = PeerAddress(ipv6: bytes, at: 16, portAt: 48)
            let local = PeerAddress(ipv6: bytes, at: 32, portAt: 50)
            return .complete(length: length, route: Route(peer: peer, local: local))
        // Datagrams, Unix sockets and unspecified peers have no address that counts.
        case 0x00, 0x12, 0x22, 0x31, 0x32: return .complete(length: length, route: nil)
        default: return .invalid
        }
    }
}
