import CMartlet
import Engine
import SQL

/// A function of a plugin that waits for the answer of a database, and then the answer, on its way to the loop.
///
/// The database's thread sets the answer before it sends the delivery, which is when the loop reads it.
final class PendingAnswer: @unchecked Sendable {
    private let function: martlet_answered?
    private let context: UnsafeMutableRawPointer?
    /// Whose rows are answered; nil: it is no `select`.
    private let cursor: OpenCursor?
    private var memory: AnswerMemory?

    init(_ function: martlet_answered?, _ context: UnsafeMutableRawPointer?, _ cursor: OpenCursor? = nil) {
        (self.function, self.context, self.cursor) = (function, context, cursor)
    }

    func set(_ outcome: Job.Outcome) {
        memory = AnswerMemory(outcome, cursor: outcome.isPartial ? cursor?.number ?? 0 : 0)
    }

    /// Gets the answer as its context, retained.
    static let delivery: martlet_delivery = { env, context, connection, session in
        let answer = Unmanaged<PendingAnswer>.fromOpaque(context!).takeRetainedValue()
        guard let env, let memory = answer.memory else { return }
        if let cursor = answer.cursor, !cursor.goesOn(memory.answer.pointee.cursor != 0, connection != nil) {
            memory.answer.pointee.cursor = 0
        }
        guard let function = answer.function else { return }
        withExtendedLifetime(memory) { function(env, answer.context, connection, session, memory.answer) }
    }
}

extension Job.Outcome {
    fileprivate var isPartial: Bool {
        if case .success(let results) = self { results.last?.isPartial == true } else { false }
    }
}
