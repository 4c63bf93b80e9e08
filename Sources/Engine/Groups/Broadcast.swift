/// A message to the members of a group on one loop. It keeps its place in the loop's mailbox until it is handled.
package struct Broadcast: Sendable {
    let group: Group
    /// The number of the message in its group. Members that joined later do not get it.
    let number: UInt64
    let bytes: SharedBytes
    let except: ConnectionID

    package init(to destination: GroupDirectory.Destination, bytes: SharedBytes, except: ConnectionID) {
        group = destination.group
        number = destination.message
        self.bytes = bytes
        self.except = except
    }
}

/// A message on its way to one member that a worker has.
struct HeldMessage {
    let bytes: SharedBytes
    let policy: Membership.Policy
    let backlog: Int
}
