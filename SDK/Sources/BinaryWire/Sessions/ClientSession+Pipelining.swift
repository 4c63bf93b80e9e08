// What a client that keeps many requests in flight needs beside the requests themselves.

extension ClientSession {
    /// Forgets a request of which no byte was sent, such as one that was still queued when the server said goodbye.
    public mutating func withdraw(_ requestID: UInt32) { requests.release(requestID) }

    /// The time after which `serverIsLost` if nothing arrives; nil: it never is.
    public var lossDeadlineMilliseconds: UInt64? {
        guard phase == .open || phase == .leaving, heartbeatMilliseconds > 0 else { return nil }
        return lastReceivedMilliseconds + UInt64(heartbeatMilliseconds) * (UInt64(unansweredHeartbeats) + 1) + 1
    }
}
