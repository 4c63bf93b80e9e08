import CMartlet
import Engine
import SQL

/// What a plugin's function knows as its `martlet_transaction`. Used on the thread of the database that runs the function.
final class OpenTransaction {
    private let instance: PluginInstance
    private let database: Int
    private let runner: any StatementRunner
    private var last: AnswerMemory?

    init(_ instance: PluginInstance, _ database: Int, _ runner: any StatementRunner) {
        (self.instance, self.database, self.runner) = (instance, database, runner)
    }

    /// Runs a statement. The answer is there until the next one.
    func run(_ command: UnsafePointer<martlet_command>) -> UnsafePointer<martlet_answer> {
        let memory = AnswerMemory(outcome(of: command.pointee))
        let answer = memory.answer
        last = consume memory
        return UnsafePointer(answer)
    }

    private func outcome(of command: martlet_command) -> Job.Outcome {
        guard let read = instance.read(command), read.database == database else {
            return .failure(DatabaseError(.parameter, "a statement of another database, or a value of no known kind"))
        }
        do throws(DatabaseError) {
            return .success([try runner.run(read.command)])
        } catch {
            return .failure(error)
        }
    }
}
