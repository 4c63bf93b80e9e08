import CMartlet
import Engine
import PluginABI

/// `martlet.users/1`
package enum UserFunctions {
    nonisolated(unsafe) package static let table: UnsafePointer<martlet_users> = {
        var table = martlet_users()
        table.size = UInt32(MemoryLayout<martlet_users>.size)
        table.required = { $0 == nil ? 0 : PluginInstance.of($0).requiresUsers() }
        table.authenticate = { connection, mechanism, message, function, context in
            guard let connection = ConnectionPointer(handle: connection), let function else {
                return MARTLET_ERROR_ARGUMENT
            }
            guard connection.takesCalls("authenticate") else { return MARTLET_ERROR_CLOSED }
            let instance = PluginInstance.of(connection.environment.pointee.instance)
            return instance.authenticate(connection, mechanism, message, function, context)
        }
        table.set_principal = { ConnectionPointer(handle: $0)?.setPrincipal($1) ?? MARTLET_ERROR_ARGUMENT }
        return permanent(table)
    }()
}
