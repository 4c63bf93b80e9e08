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

/// A message on its way to one member. Trivial, as `Membership` is.
struct MemberMessage {
    let bytes: Unmanaged<SharedBytes>
    let count: Int
    let policy: Membership.Policy
    let backlog: Int

    /// The bytes as output of the member.
    var segment: OutputSegment {
        let bytes = bytes.retain()
        return OutputSegment(
            kind: .shared, remaining: count, position: bytes._withUnsafeGuaranteedRef { $0.base },
            block: bytes._withUnsafeGuaranteedRef { $0.base },
            release: { Unmanaged<SharedBytes>.fromOpaque($0!).release() }, context: bytes.toOpaque())
    }
}
