import CMartlet
import Engine
import SQL

extension EventLoop: Sleeper {}

/// A function of a plugin that waits for the answer of a database, and then the answer, on its way to the loop.
///
/// The database's thread sets the answer before it sends the delivery, which is when the loop reads it.
final class PendingAnswer: @unchecked Sendable {
    private let function: martlet_answered?
    private let context: UnsafeMutableRawPointer?
    private let loop: EventLoop
    /// Set before the database gets the job.
    private var delivery: Delivery?
    private var memory: AnswerMemory?

    init(_ function: martlet_answered?, _ context: UnsafeMutableRawPointer?, on loop: EventLoop) {
        (self.function, self.context, self.loop) = (function, context, loop)
    }

    /// Reserves its place in the mailbox, because the answer must not be lost. The caller has entered the ledger. False: there is no place.
    func reserve(for connection: ConnectionID, _ ledger: InstanceLedger) -> Bool {
        let context = Unmanaged.passRetained(self)
        delivery = loop.promise(
            Self.deliver, to: connection, context: context.toOpaque(), ledger: ledger, isAwaited: true)
        if delivery == nil { context.release() }
        return delivery != nil
    }

    /// Leaves the answer for the loop, which is woken later. On a thread of the database, or on that of the caller who was refused.
    func leave(_ outcome: Job.Outcome) {
        memory = AnswerMemory(outcome)
        guard let delivery else { preconditionFailure("an answer without a place in the mailbox") }
        loop.leave(delivery)
    }

    /// Gets the answer as its context, retained.
    private static let deliver: martlet_delivery = { env, context, connection, session in
        let answer = Unmanaged<PendingAnswer>.fromOpaque(context!).takeRetainedValue()
        guard let function = answer.function, let env, let memory = answer.memory else { return }
        withExtendedLifetime(memory) { function(env, answer.context, connection, session, memory.answer) }
    }
}
