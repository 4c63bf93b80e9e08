import CMartlet
import Engine

/// `martlet.groups/1`
extension PluginInstance {
    static func join(
        _ handle: OpaquePointer?, _ name: martlet_text, _ membership: UnsafePointer<martlet_membership>?
    ) -> martlet_result {
        guard let wanted = membership.map({ martlet_membership.read($0) }) ?? martlet_membership() else {
            return MARTLET_ERROR_ARGUMENT
        }
        guard wanted.policy == MARTLET_BACKLOG_SKIP || wanted.policy == MARTLET_BACKLOG_CLOSE else {
            return MARTLET_ERROR_ARGUMENT
        }
        let (isClosing, backlog) = (wanted.policy == MARTLET_BACKLOG_CLOSE, wanted.backlog)
        return change(handle, name, "join", enters: true) { core, connection, name, loopCount, entry in
            core.join(connection, name, isClosing: isClosing, backlog: backlog, loopCount: loopCount, entry)
        }
    }

    static func leave(_ handle: OpaquePointer?, _ name: martlet_text) -> martlet_result {
        change(handle, name, "leave", enters: false) { core, connection, name, _, _ in
            core.leave(connection, name)
            return MARTLET_OK
        }
    }

    /// Changes the groups of a connection, on its loop.
    private static func change(
        _ handle: OpaquePointer?, _ name: martlet_text, _ function: StaticString, enters: Bool,
        _ body:
            @escaping @Sendable (
                LoopPointer, ConnectionPointer, UnsafeRawBufferPointer, Int, GroupDirectory.Entry?
            ) -> martlet_result
    ) -> martlet_result {
        guard let connection = ConnectionPointer(handle: handle), let name = name.groupName else {
            return MARTLET_ERROR_ARGUMENT
        }
        guard connection.takesCalls(function) else { return MARTLET_ERROR_CLOSED }
        let instance = of(connection.environment.pointee.instance)
        let (engine, directory) = (instance.engine, instance.admission.groups)
        let loop = engine.loops[connection.loop]
        let count = engine.loops.count
        guard connection.isOnWorker else { return body(loop.core, connection, name, count, nil) }
        // The groups belong to the loop. But messages that are sent from now on must reach the member.
        guard loop.mailbox.places.take() else { return MARTLET_ERROR_BUSY }
        let (id, copy, index) = (connection.id, Array(name), UInt32(loop.index))
        let entry = enters ? directory.enter(name, loop: index, loopCount: count) : nil
        loop.run { core in
            loop.mailbox.places.give()
            guard let connection = core.pointee.connections.find(id) else {
                if let entry { directory.leave(entry, loop: index) }
                return
            }
            _ = copy.withUnsafeBytes { body(core, connection, $0, count, entry) }
        }
        return MARTLET_OK
    }

    func send(
        _ name: martlet_text, _ data: UnsafeRawPointer?, _ length: Int, except: martlet_connection_id
    ) -> martlet_result {
        guard let name = name.groupName, length >= 0, length <= settings.limits.outputHighWater,
            data != nil || length == 0
        else { return MARTLET_ERROR_ARGUMENT }
        guard ledger.enter() else { return MARTLET_ERROR_STOPPING }
        defer { ledger.leave() }
        guard length > 0, let destination = admission.groups.destination(of: name) else { return MARTLET_OK }
        let loops = destination.loops.map { engine.loops[$0] }
        for (index, loop) in loops.enumerated() where !loop.mailbox.places.take() {
            for taken in loops[..<index] { taken.mailbox.places.give() }
            return MARTLET_ERROR_BUSY
        }
        let bytes = SharedBytes(
            copying: UnsafeRawBufferPointer(start: data, count: length), memory: engine.memory,
            arena: engine.arena)
        guard let bytes else {
            for loop in loops { loop.mailbox.places.give() }
            return MARTLET_ERROR_MEMORY
        }
        for loop in loops {
            loop.broadcast(Broadcast(to: destination, bytes: bytes, except: ConnectionID(rawValue: except)))
        }
        return MARTLET_OK
    }

    func memberCount(of name: martlet_text) -> UInt64 {
        name.groupName.map { UInt64(admission.groups.count(of: $0)) } ?? 0
    }
}

extension martlet_text {
    /// nil: not the name of a group.
    fileprivate var groupName: UnsafeRawBufferPointer? {
        guard let data, length > 0, length <= Int(MARTLET_GROUP_NAME_LIMIT) else { return nil }
        return UnsafeRawBufferPointer(start: data, count: length)
    }
}
