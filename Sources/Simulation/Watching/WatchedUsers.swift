import CMartlet
import Engine
import Instances
import PluginABI

/// `martlet.users/1` as a plugin gets it in a simulation: an answer is a call of the plugin like any other.
enum WatchedUsers {
    nonisolated(unsafe) static let pointer: UnsafePointer<martlet_users> = {
        var table = server.pointee
        table.authenticate = { connection, mechanism, message, function, context in
            guard let function else { return MARTLET_ERROR_ARGUMENT }
            let peer = watched(connection, "authenticate")
            guard let host = peer?.host else {
                return server.pointee.authenticate(connection, mechanism, message, function, context)
            }
            let attempt = Unmanaged.passRetained(Attempt(host, function, context))
            let result = server.pointee.authenticate(
                connection, mechanism, message, Attempt.authenticated, attempt.toOpaque())
            if result != MARTLET_OK { attempt.release() }
            return result
        }
        table.set_principal = { server.pointee.set_principal(seen($0, "set_principal"), $1) }
        return permanent(table)
    }()
}

private var server: UnsafePointer<martlet_users> { UserFunctions.table }

/// What a plugin has asked about a client.
private final class Attempt {
    private let host: SimulatedHost
    private let function: martlet_authenticated
    private let context: UnsafeMutableRawPointer?

    init(_ host: SimulatedHost, _ function: @escaping martlet_authenticated, _ context: UnsafeMutableRawPointer?) {
        (self.host, self.function, self.context) = (host, function, context)
    }

    static let authenticated: martlet_authenticated = { env, attempt, connection, session, answer in
        let attempt = Unmanaged<Attempt>.fromOpaque(attempt!).takeRetainedValue()
        guard let connection, let peer = SimulatedPeer.of(ConnectionPointer(connection)) else {
            attempt.host.begin(.delivery, nil)
            return attempt.function(env!, attempt.context, nil, nil, answer!)
        }
        callWatched(.delivery, env, session, peer) {
            attempt.function(env!, attempt.context, connection, session, answer!)
        }
    }
}
