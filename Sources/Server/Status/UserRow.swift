import HostInterface
import Users

/// A row of `martlet users`. It says nothing of the password or token itself.
package struct UserRow: Codable, Sendable, Equatable {
    package enum Secret: String, Codable, Sendable {
        case password, token
    }

    package var name: String
    package var secret: Secret
    package var isReadOnly: Bool
    package var prefixes: [String]
    /// Seconds since 1970.
    package var created: Int64
    package var changed: Int64

    init(_ record: UserRecord) {
        name = record.user.name
        secret = if case .token = record.credential { .token } else { .password }
        (isReadOnly, prefixes) = (record.user.isReadOnly, record.user.prefixes)
        (created, changed) = (record.created, record.changed)
    }
}

extension Server {
    /// On a thread of the control socket: waits for the host to answer.
    func askUsers(_ question: ControlQuestion, _ answer: inout ControlAnswer) {
        guard let users = question.users else {
            answer.error = "expected a question about users"
            return
        }
        let known = Set(snapshot.listeners.compactMap(\.configuration.users)).sorted()
        guard let database = question.database ?? (known.count == 1 ? known[0] : nil) else {
            answer.error =
                known.isEmpty
                ? "no listener has users: set users = \"DATABASE\" in its file, with the name of a table [databases.DATABASE] of "
                    + "martlet.toml, and reload"
                : "listeners have users in several databases (\(known.joined(separator: ", "))): say which with --database"
            return
        }
        do throws(UserProblem) {
            for host in hosts {
                guard let records = try host.runtime.users(users, in: database) else { continue }
                answer.users = records.map(UserRow.init)
                return log(users, database)
            }
            answer.error =
                "\(database): no listener has users in this database"
                + (known.isEmpty ? "" : "; expected one of: \(known.joined(separator: ", "))")
        } catch {
            answer.error = error.text
        }
    }

    private func log(_ question: UserQuestion, _ database: String) {
        let (what, name): (String, String)
        switch question {
        case .add(let record): (what, name) = ("added", record.user.name)
        case .remove(let user): (what, name) = ("removed", user)
        case .change(let user, _, _): (what, name) = ("changed", user)
        case .list, .find: return
        }
        logger.notice("user \(what)", metadata: ["user": "\(name)", "database": "\(database)"])
    }
}
