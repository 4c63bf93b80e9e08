/// docs/binary-protocol.md, section 5.
public enum Opcode: UInt8, Sendable, CaseIterable {
    case hello = 0x01
    case ping = 0x02
    case goodbye = 0x03
    case error = 0x04
    case authenticate = 0x05
    case echo = 0x10
    case get = 0x20
    case put = 0x21
    case delete = 0x22
    case scan = 0x23
    case read = 0x24
    case write = 0x25
    case batch = 0x26
    case watch = 0x27
    case unwatch = 0x28
    case changed = 0x29
}
