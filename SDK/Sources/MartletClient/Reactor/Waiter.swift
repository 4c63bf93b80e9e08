/// A caller that waits for the end of its call.
///
/// The caller sets the continuation before it posts the call. From then on only the reactor's thread touches the object.
final class Waiter: @unchecked Sendable {
    typealias Outcome = Result<Reply, MartletClientError>

    var continuation: UnsafeContinuation<Outcome, Never>?
    /// nil: the reactor has not seen the call yet.
    var call: SlotID?
    var isCancelled = false
    /// Of a call that watches: where its changes go.
    let changes: ChangeBuffer?

    init(changes: ChangeBuffer? = nil) { self.changes = changes }

    /// Once.
    func resume(_ outcome: sending Outcome) {
        continuation.take()?.resume(returning: outcome)
    }
}
