/// One listening socket on one event loop, and whose connections it makes.
package struct ListeningSocket {
    let descriptor: Int32
    /// Shared with the sockets of other loops (Unix sockets): only one of them is to be woken.
    let shared: Bool
    /// What the plugin is told of the next connections. Changes when a reload keeps the socket under another name.
    package var endpoint: UnsafePointer<EndpointName>
    /// The instance that the next connections get: a swap changes this and nothing else.
    var binding: BindingPointer
    var paused = false
    /// It is the socket of a loop that does not turn: this loop takes its peers meanwhile, through a descriptor of its own.
    let isBorrowed: Bool
    /// A generation on trial, which gets `share` of a hundred new connections.
    var candidate: BindingPointer?
    var share = 0
    private var owed = 0

    init(
        descriptor: Int32, shared: Bool, endpoint: UnsafePointer<EndpointName>, binding: BindingPointer,
        isBorrowed: Bool
    ) {
        self.descriptor = descriptor
        self.isBorrowed = isBorrowed
        self.shared = shared
        self.endpoint = endpoint
        self.binding = binding
    }

    /// The instance for the next connection: spreads the candidate's share evenly.
    mutating func nextBinding() -> BindingPointer {
        guard let candidate else { return binding }
        owed += share
        guard owed >= 100 else { return binding }
        owed -= 100
        return candidate
    }
}

package typealias ListeningSocketPointer = UnsafeMutablePointer<ListeningSocket>
