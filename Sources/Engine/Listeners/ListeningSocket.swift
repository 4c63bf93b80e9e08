/// One listening socket on one event loop, and whose connections it makes.
package struct ListeningSocket {
    let descriptor: Int32
    /// Shared with the sockets of other loops (Unix sockets): only one of them is to be woken.
    let shared: Bool
    /// The instance that the next connections get: a swap changes this and nothing else.
    var binding: BindingPointer
    var paused = false
}

package typealias ListeningSocketPointer = UnsafeMutablePointer<ListeningSocket>
