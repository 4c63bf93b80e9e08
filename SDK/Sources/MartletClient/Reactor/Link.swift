/// What the reactor has for one connection of the pool.
final class Link {
    let id: SlotID
    let server: Int
    var stage = Stage.resolving
    /// Once one is connected.
    var socket: StreamSocket?
    var input = InputBuffer()
    /// The socket took no more.
    var isBlocked = false
    /// TLS may have more input, of which the kernel tells nothing.
    var mayHaveInput = false

    enum Stage {
        case resolving
        /// Several addresses are tried.
        case racing
        case handshaking
        case streaming
    }

    // While it is racing.
    var race = AddressRace(addresses: 0)
    var candidates: [SocketAddress] = []
    /// By their tokens.
    var attempts: [UInt64: StreamSocket] = [:]

    init(_ id: SlotID, server: Int) { (self.id, self.server) = (id, server) }
}
