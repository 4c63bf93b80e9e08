import CMartlet
import MartletKit

@testable import HTTPPlugin
@testable import MartletKitTesting

extension Client {
    /// Moves the session to another instance, as a reload does. What the peer has sent and the plugin has not consumed
    /// moves along, being the host's. Returns what `save` or `restore` said when it stays.
    func move(to other: Client) -> Int64? {
        let table = Self.stateFunctions
        var memory = [UInt8](repeating: 0, count: 4_096)
        let (source, target) = (connection, other.connection)
        let count = table.save(source.session, source.handle, &memory, memory.count)
        guard count >= 0 else { return count }
        var session: UnsafeMutableRawPointer?
        let result = table.restore(
            other.host.state, other.host.loopStates[0], target.handle, table.version, memory, Int(count), &session)
        guard result == MARTLET_OK else { return Int64(result) }
        table.moved(source.session, source.handle)
        table.moved(target.session, target.handle)
        target.session = session
        target.input = source.input
        source.session = nil
        source.end = .closed(.plugin)
        return nil
    }

    private static var stateFunctions: martlet_session_state {
        let plugin = exportPlugin(HTTP.self).assumingMemoryBound(to: martlet_plugin.self)
        return plugin.pointee.extensions.pointee.functions.load(as: martlet_session_state.self)
    }
}
