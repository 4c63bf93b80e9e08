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
    /// Whose rows are answered; nil: it is no `select`.
    private let cursor: OpenCursor?
    private let loop: EventLoop
    /// Set before the database gets the job.
    private var delivery: Delivery?
    private var memory: AnswerMemory?

    init(
        _ function: martlet_answered?, _ context: UnsafeMutableRawPointer?, _ cursor: OpenCursor? = nil,
        on loop: EventLoop
    ) {
        (self.function, self.context, self.cursor, self.loop) = (function, context, cursor, loop)
    }

    /// Reserves its place in the mailbox, because the answer must not be lost. The caller has entered the ledger. False: there is no place.
    func reserve(for connection: ConnectionID, _ ledger: InstanceLedger) -> Bool {
        let context = Unmanaged.passRetained(self)
        delivery = loop.promise(
            Self.deliver, to: connection, context: context.toOpaque(), ledger: ledger, isAwaited: true)
        if delivery == nil { context.release() }
        return delivery != nil
    }

    /// Gives its place back: there will be no answer.
    func withdraw() {
        delivery?.settle()
        delivery = nil
        Unmanaged.passUnretained(self).release()
    }

    /// Leaves the answer for the loop, which is woken later. On a thread of the database, or on that of the caller who was refused.
    func leave(_ outcome: Job.Outcome) {
        memory = AnswerMemory(outcome, cursor: outcome.isPartial ? cursor?.number ?? 0 : 0)
        guard let delivery else { preconditionFailure("an answer without a place in the mailbox") }
        loop.leave(delivery)
    }

    /// Gets the answer as its context, retained.
    private static let deliver: martlet_delivery = { env, context, connection, session in
        let answer = Unmanaged<PendingAnswer>.fromOpaque(context!).takeRetainedValue()
        guard let env, let found = answer.memory?.answer else { return }
        if let cursor = answer.cursor, !cursor.goesOn(found.pointee.cursor != 0, connection != nil) {
            found.pointee.cursor = 0
        }
        guard let function = answer.function else { return }
        withExtendedLifetime(answer) { function(env, answer.context, connection, session, found) }
    }
}

extension Job.Outcome {
    fileprivate var isPartial: Bool {
        if case .success(let results) = self { results.last?.isPartial == true } else { false }
    }
}
