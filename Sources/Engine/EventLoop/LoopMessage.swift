/// A message from another thread to an event loop.
enum LoopMessage: Sendable {
    /// From the control side: installs, removals, questions.
    case run(@Sendable (LoopPointer) -> Void)
    /// From a plugin: `post`, and the completion of `submit`.
    case deliver(Delivery)
    /// From a plugin: `martlet_groups.send`.
    case broadcast(Broadcast)
    /// From a worker: a connection comes back.
    case returned(ConnectionJob, SessionCallResult)
}
