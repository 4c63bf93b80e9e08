import Databases
import HostInterface
import Instances

/// A row of `martlet databases`: a pool and the host in which it is.
package struct DatabaseRow: Codable, Sendable, Equatable {
    package var host: String
    package var report: DatabaseReport
}

extension Server {
    /// For status and metrics.
    var databaseRows: [DatabaseRow] {
        hosts.flatMap { host in
            host.runtime.databases.map { report in
                var report = report
                report.running = []
                return DatabaseRow(host: host.name, report: report)
            }
        }
    }

    func showDatabases(_ question: ControlQuestion, _ answer: inout ControlAnswer) {
        if let name = question.database, let task = question.databaseTask {
            return askDatabase(name, task, question, &answer)
        }
        let change = question.database.flatMap { name in question.databaseChange.map { (name: name, change: $0) } }
        let rows = hosts.flatMap { host in
            host.runtime.databases(change).map { DatabaseRow(host: host.name, report: $0) }
        }.filter { question.database == nil || question.database == $0.report.name }
        if let name = question.database, rows.isEmpty {
            answer.error = "\(name): no plugin has opened a database of this name; see: martlet databases"
            return
        }
        if let change { logger.notice("database changed: \(change.change)", metadata: ["database": "\(change.name)"]) }
        answer.databases = rows
    }
}
