import CMartlet

/// A plugin's function on its way to the loop of a connection. It keeps its place in the loop's mailbox until it has run.
package struct Delivery: @unchecked Sendable {
    let connection: ConnectionID
    let function: martlet_delivery
    let context: UnsafeMutableRawPointer?
    let ledger: InstanceLedger
    let mailbox: Mailbox
    /// The connection cannot go on in another process before it has come.
    let isAwaited: Bool

    /// Must be called after the function has run, or instead of sending it.
    package func settle() {
        mailbox.places.give()
        ledger.leave()
    }
}
