import CMartlet

// Named groups of connections: `martlet.groups/1`. A group belongs to the listener, not to an instance: connections of all its loops and
// generations can be in it. It exists as long as it has members.

/// What happens to a member that does not read what is sent to its group.
public enum BacklogPolicy: Sendable {
    /// It misses the message.
    case skip
    /// It is closed, with the reason `backlog`.
    case close
}

extension Connection {
    /// Adds this connection to a group, or changes how it is in it. Messages that are sent after this call reach it. It stays in the group
    /// when its session moves to another generation, and leaves it when the session ends. [loop]
    ///
    /// - Parameters:
    ///   - group: the name, 1 to 255 bytes of UTF-8.
    ///   - policy: what happens when this peer does not read.
    ///   - backlog: how many bytes of output may wait for this peer when a message is added, with the message. 0: the listener's
    ///     `limits.output_high_water`, which is also the maximum.
    /// - Returns: `ok`; `closed`; `argument`: the name is empty or too long; `busy`: the connection is in 4,096 groups, or it is with a
    ///   worker and its loop has no room for a message; `unsupported`: the host lacks `HostExtension.groups`.
    @discardableResult
    public func join(_ group: String, policy: BacklogPolicy = .skip, backlog: Int = 0) -> HostResult {
        guard let groups = services.groups else { return .unsupported }
        var membership = martlet_membership()
        membership.size = UInt32(MemoryLayout<martlet_membership>.size)
        membership.policy =
            switch policy {
            case .skip: MARTLET_BACKLOG_SKIP
            case .close: MARTLET_BACKLOG_CLOSE
            }
        membership.backlog = max(backlog, 0)
        return withText(group) { HostResult(rawValue: groups.pointee.join(handle, $0, &membership)) }
    }

    /// Removes this connection from a group. [loop]
    ///
    /// - Returns: `ok`, also if it was not a member; otherwise as `join`.
    @discardableResult
    public func leave(_ group: String) -> HostResult {
        guard let groups = services.groups else { return .unsupported }
        return withText(group) { HostResult(rawValue: groups.pointee.leave(handle, $0)) }
    }
}

extension Host {
    /// Sends bytes to all members of a group. They are copied once, whatever the number of members. A member gets them whole or not at all,
    /// and gets the messages of one thread in the order in which they were sent. [any]
    ///
    /// - Parameters:
    ///   - bytes: at most the listener's `limits.output_high_water`.
    ///   - group: its name.
    ///   - exception: a member that does not get them.
    /// - Returns: `ok`, also if the group has no members; `busy`: a loop has no room for another message, and nothing is sent; `argument`: a
    ///   bad name, or too many bytes; `memory`; `stopping`; `unsupported`: the host lacks `HostExtension.groups`.
    @discardableResult
    public func send(_ bytes: UnsafeRawBufferPointer, to group: String, except exception: ConnectionID = .none)
        -> HostResult
    {
        guard let groups else { return .unsupported }
        return withText(group) {
            HostResult(
                rawValue: groups.pointee.send(instance, $0, bytes.baseAddress, bytes.count, exception.rawValue))
        }
    }

    /// Sends bytes to all members of a group, in the same way. [any]
    @discardableResult
    public func send(_ bytes: Span<UInt8>, to group: String, except exception: ConnectionID = .none) -> HostResult {
        bytes.withUnsafeBytes { send($0, to: group, except: exception) }
    }

    /// Sends the UTF-8 of a text to all members of a group, in the same way. [any]
    @discardableResult
    public func send(_ text: String, to group: String, except exception: ConnectionID = .none) -> HostResult {
        var text = text
        return text.withUTF8 { send(UnsafeRawBufferPointer($0), to: group, except: exception) }
    }

    /// The number of members of a group; 0 on a host without `HostExtension.groups`. [any]
    public func memberCount(of group: String) -> Int {
        guard let groups else { return 0 }
        return withText(group) { Int(groups.pointee.count(instance, $0)) }
    }
}
