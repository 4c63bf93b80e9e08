import CMartlet
import Engine
import SQL

/// A function of a plugin that waits for the answer of a database, and then the answer, on its way to the loop.
///
/// The database's thread sets the answer before it sends the delivery, which is when the loop reads it.
final class PendingAnswer: @unchecked Sendable {
    private let function: martlet_answered?
    private let context: UnsafeMutableRawPointer?
    private var memory: AnswerMemory?

    init(_ function: martlet_answered?, _ context: UnsafeMutableRawPointer?) {
        (self.function, self.context) = (function, context)
    }

    func set(_ outcome: Job.Outcome) { memory = AnswerMemory(outcome) }

    /// Gets the answer as its context, retained.
    static let delivery: martlet_delivery = { env, context, connection, session in
        let answer = Unmanaged<PendingAnswer>.fromOpaque(context!).takeRetainedValue()
        guard let function = answer.function, let env, let memory = answer.memory else { return }
        withExtendedLifetime(memory) { function(env, answer.context, connection, session, memory.answer) }
    }
}
