import Databases
import HostInterface

/// A backup or a check of a database, and the host that does it.
package struct DatabaseTaskRow: Codable, Sendable, Equatable {
    package var host: String
    package var report: DatabaseTaskReport
}

extension Server {
    /// On a thread of the control socket: waits for the host to answer, not for the work.
    func askDatabase(
        _ name: String, _ task: DatabaseTaskQuestion, _ question: ControlQuestion, _ answer: inout ControlAnswer
    ) {
        do throws(DatabaseTaskProblem) {
            for host in hosts where question.host == nil || question.host == host.name {
                guard let report = try host.runtime.askDatabase(name, task) else { continue }
                answer.databaseTask = DatabaseTaskRow(host: host.name, report: report)
                return log(name, task, report)
            }
            answer.error =
                question.host.map { "\(name): the host \($0) is gone" }
                ?? "\(name): no plugin has opened a database of this name; see: martlet databases"
        } catch {
            answer.error = "\(name): \(error.text)"
        }
    }

    private func log(_ name: String, _ task: DatabaseTaskQuestion, _ report: DatabaseTaskReport) {
        switch (task, report.state) {
        case (.begin(.backup(let path, _)), _):
            logger.notice("database backup began", metadata: ["database": "\(name)", "file": "\(path)"])
        case (_, .copied(let bytes)):
            logger.notice("database backup done", metadata: ["database": "\(name)", "bytes": "\(bytes)"])
        case (_, .checked(let problems)) where !problems.isEmpty:
            logger.error(
                "database is damaged: \(problems[0])",
                metadata: ["database": "\(name)", "problems": "\(problems.count)"])
        case (_, .failed(let error)):
            logger.warning("database backup or check failed: \(error.text)", metadata: ["database": "\(name)"])
        default: break
        }
    }
}
