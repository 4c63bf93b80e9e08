/// A message to the members of a group on one loop. It keeps its place in the loop's mailbox until it is handled.
package struct Broadcast: Sendable {
    let group: Group
    let bytes: SharedBytes
    let except: ConnectionID

    package init(group: Group, bytes: SharedBytes, except: ConnectionID) {
        self.group = group
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
