import Engine
import HostInterface

/// `martlet connections`: who is connected.
package struct ConnectionsReport: Codable, Sendable, Equatable {
    package struct Row: Codable, Sendable, Equatable {
        package var listener: String
        package var generation: Int
        package var connection: ConnectionView
    }

    /// Listed unless the question says how many.
    package static let usualRows = 1_000
    package static let mostRows = 100_000

    package var rows: [Row] = []
    /// How many are open, whether they are listed or not.
    package var open: UInt64 = 0
    /// False: an event loop did not answer, so that some are missing.
    package var isComplete = true
}

extension Server {
    private static let connectionPatienceMilliseconds: UInt64 = 5_000

    func listConnections(_ question: ControlQuestion, _ answer: inout ControlAnswer) {
        let listeners = snapshot.listeners.filter { question.listener == nil || question.listener == $0.name }
        if let name = question.listener, listeners.isEmpty {
            answer.error = "\(name): there is no such listener; see: martlet status"
            return
        }
        let limit = min(max(question.limit ?? ConnectionsReport.usualRows, 0), ConnectionsReport.mostRows)
        let generations = listeners.flatMap { listener in listener.generations.map { (listener.name, $0.instance) } }
        let found = control.ask(by: .after(milliseconds: Self.connectionPatienceMilliseconds)) {
            var report = ConnectionsReport()
            for (name, instance) in generations {
                report.open += instance.counts.open
                guard report.rows.count < limit else { continue }
                let list = instance.connections(atMost: limit - report.rows.count)
                report.isComplete = report.isComplete && list.isComplete
                report.rows += list.connections.map {
                    ConnectionsReport.Row(listener: name, generation: instance.generation, connection: $0)
                }
            }
            return report
        }
        answer.connections = found
        if found == nil { answer.error = "the server is busy with a change; see: martlet status" }
    }
}
