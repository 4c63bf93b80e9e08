/// A call that has no answer yet.
struct Call: Sendable {
    let request: Request
    let retry: MartletClient.Retry
    let timeout: Duration
    let deadlineMilliseconds: UInt64
    /// How often it was sent, or answered with "not now".
    var attempts = 0
    /// Attempts to connect that failed while it waited.
    var connectFailures = 0
    var state = State.waiting

    enum State: Sendable {
        /// For room on a connection.
        case waiting
        /// For the end of a pause.
        case pausing(untilMilliseconds: UInt64)
        case sent(on: SlotID, requestID: UInt32)
    }

    /// A second execution does no harm.
    var mayRepeat: Bool { request.isIdempotent || retry == .always }
}
