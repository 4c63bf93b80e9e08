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
