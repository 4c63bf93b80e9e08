import Glibc

/// The kind of object that an epoll entry points to, in the low bits of its 64-bit value. The bits are free because all our structs
/// are aligned to 8.
enum EventTag {
    static let connection: UInt64 = 0
    static let listeningSocket: UInt64 = 1
    static let mailbox: UInt64 = 2
    static let mask: UInt64 = 7
}
