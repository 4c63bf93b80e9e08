import CMartlet

/// One listening socket on one event loop, and the instance that gets its connections.
package struct ListeningSocket {
    let descriptor: Int32
    /// The same socket as on other loops (Unix sockets): the kernel must wake only one of them.
    let shared: Bool
    /// The endpoint name of the next connections. Changes when a reload keeps the socket under another name.
    package var endpoint: UnsafePointer<martlet_text>
    /// The instance that gets the next connections. A swap changes only this.
    package var binding: BindingPointer
    var paused = false
    /// The socket belongs to a stuck loop: this loop accepts its peers meanwhile, through a duplicate descriptor.
    let isBorrowed: Bool
    /// Another process accepts from the same socket instead.
    var isLeft = false
    /// A generation on trial, which gets `share` of every hundred new connections.
    package var candidate: BindingPointer?
    package var share = 0
    private(set) var owed = 0

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
