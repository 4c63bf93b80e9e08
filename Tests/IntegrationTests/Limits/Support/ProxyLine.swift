import Glibc

/// Headers of the PROXY protocol as sent by a proxy in front of the server.
enum ProxyLine {
    static func text(_ source: String, port: Int = 4_711) -> String {
        let isIPv6 = source.contains(":")
        return "PROXY TCP\(isIPv6 ? 6 : 4) \(source) \(isIPv6 ? "2001:db8::1" : "192.0.2.1") \(port) 80\r\n"
    }

    /// - Parameters:
    ///   - command: 1 is PROXY, 0 is LOCAL.
    ///   - fields: the bytes of type-length-value fields.
    static func binary(_ source: String, port: Int = 4_711, command: UInt8 = 1, fields: [UInt8] = []) -> [UInt8] {
        let isIPv6 = source.contains(":")
        var address = [UInt8](repeating: 0, count: isIPv6 ? 16 : 4)
        inet_pton(isIPv6 ? AF_INET6 : AF_INET, source, &address)
        let ports = [UInt8(port >> 8), UInt8(port & 0xFF), 0, 80]
        let payload = address + address + ports + fields
        return [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
            + [0x20 | command, isIPv6 ? 0x21 : 0x11, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)] + payload
    }
}
