import ConfiguredInstances
import Instances
import Operations
import PluginHost

/// Operations of running plugins.
extension Server {
    /// Calls an operation, or lists the operations when the question names none.
    func call(_ question: ControlQuestion, _ answer: inout ControlAnswer) {
        guard let name = question.listener else {
            answer.operations = snapshot.listeners.flatMap { rows(of: $0.current.instance) }
            return
        }
        do throws(OperationFailure) {
            let instance = try instance(of: name)
            guard let operation = question.operation else {
                answer.operations = rows(of: instance)
                return
            }
            let report = try instance.call(operation, question.arguments ?? []) { [control] in control.run($0) }
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

    /// The generation that new connections get.
    private func instance(of name: String) throws(OperationFailure) -> PluginInstance {
        let listeners = snapshot.listeners
        if let listener = listeners.first(where: { $0.name == name }), !listener.isStopping {
            return listener.current.instance
        }
        throw OperationFailure(unknownListener(name, among: listeners.map(\.name)))
    }

    private func rows(of instance: PluginInstance) -> [OperationRow] {
        instance.image.description.operations.map {
            OperationRow(
                listener: instance.listener, plugin: instance.image.description.name, generation: instance.generation,
                operation: $0)
        }
    }
}
