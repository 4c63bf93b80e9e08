import Databases
import HostInterface
import Instances
import PluginHost
import Users

/// What the command line asks of a running server: one line of JSON each way on the control socket.
package enum ControlRequest: String, Codable, Sendable {
    case status, plugins, generations, connections, reload, rollback, forgive, workers, processes, renew, databases,
        users, call
}

package struct ControlQuestion: Codable, Sendable {
    package var request: ControlRequest
    /// For `rollback`, `connections` and `call`. Without it, `connections` lists those, and `call` the operations, of all listeners.
    package var listener: String?
    /// For `reload`: changes good listeners even when others are refused.
    package var partial: Bool?
    /// For `reload`: a folder without listener files stops all listeners.
    package var allowEmpty: Bool?
    /// For `forgive`: a content hash, or its beginning.
    package var hash: String?

    /// For `workers`, `renew` and `databases`: the name of a host; without it, the shared one.
    package var host: String?
    /// For `workers`: what to change before they are shown.
    package var workers: WorkersChange?

    /// For `databases`: only this one, and what to do to it first.
    package var database: String?
    package var databaseChange: DatabaseChange?
    /// The same, for something long. `host` is that of the first answer.
    package var databaseTask: DatabaseTaskQuestion?

    /// For `users`. `database` is the one with the users; without it, the only one that listeners have.
    package var users: UserQuestion?

    /// For `connections`: how many rows there may be.
    package var limit: Int?

    /// For `call`. Without it, the operations are listed.
    package var operation: String?
    package var arguments: [String]?

    package init(_ request: ControlRequest) { self.request = request }

    var reloadRequest: ReloadRequest {
        ReloadRequest(partial: partial ?? false, allowEmpty: allowEmpty ?? false)
    }
}

package struct ControlAnswer: Codable, Sendable {
    package var error: String?
    package var status: StatusReport?
    package var plugins: [PluginRow]?
    package var generations: [GenerationRow]?
    package var connections: ConnectionsReport?
    package var receipt: Receipt?
    package var forgiven: [String]?
    package var workers: WorkersReport?
    package var processes: [ProcessRow]?
    package var renewal: RenewalReport?
    package var databases: [DatabaseRow]?
    package var databaseTask: DatabaseTaskRow?
    package var users: [UserRow]?
    package var operations: [OperationRow]?
    package var called: OperationReport?

    package init() {}
}
