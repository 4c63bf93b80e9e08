import Glibc

/// The result of a read or a write on a connection.
package enum TransportResult: Equatable {
    case bytes(Int)
    case endOfInput
    /// Nothing can happen before the socket has input; a transport that encrypts may say this to a write as well.
    case wantsRead
    /// Nothing can happen before the socket has room; a transport that encrypts may say this to a read as well.
    case wantsWrite
    /// errno
    case failed(Int32)
}

extension TransportResult {
    /// The result of a function of a `Transport`.
    init(_ result: Int) {
        switch result {
        case 1...: self = .bytes(result)
        case 0: self = .endOfInput
        case Transport.wantsRead: self = .wantsRead
        case Transport.wantsWrite: self = .wantsWrite
        default: self = .failed(Int32(clamping: -result))
        }
    }
}
