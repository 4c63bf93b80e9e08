import ConfiguredInstances
import Instances
import Operations
import PluginHost

/// Operations of running plugins.
extension Server {
    /// Calls an operation, or lists the operations when the question names none.
    func call(_ question: ControlQuestion, _ answer: inout ControlAnswer) {
        guard let name = question.listener else {
            answer.operations = snapshot.listeners.flatMap { rows(of: $0) }
            return
        }
        do throws(OperationFailure) {
            let listener = try listener(named: name)
            guard let operation = question.operation else {
                answer.operations = rows(of: listener)
                return
            }
            let report = try listener.host.runtime.call(
                operation, question.arguments ?? [], of: listener.current.instance)
            answer.called = report
            logger.info(
                "operation called",
                metadata: [
                    "listener": "\(name)", "operation": "\(operation)", "milliseconds": "\(Int(report.milliseconds))",
                ])
        } catch {
            if let operation = question.operation {
                logger.warning(
                    "operation failed: \(error.text)", metadata: ["listener": "\(name)", "operation": "\(operation)"])
            }
            answer.error = "\(name): \(error.text)"
        }
    }

    private func listener(named name: String) throws(OperationFailure) -> ServerSnapshot.Listener {
        let listeners = snapshot.listeners
        if let listener = listeners.first(where: { $0.name == name }), !listener.isStopping {
            return listener
        }
        throw OperationFailure(unknownListener(name, among: listeners.map(\.name)))
    }

    /// The operations of the generation that new connections get.
    private func rows(of listener: ServerSnapshot.Listener) -> [OperationRow] {
        let (plugin, generation) = (listener.current.recipe.plugin, listener.current.instance.generation)
        return plugin.operations.map {
            OperationRow(listener: listener.name, plugin: plugin.name, generation: generation, operation: $0)
        }
    }
}
