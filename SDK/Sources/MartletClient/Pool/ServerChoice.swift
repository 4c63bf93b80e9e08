/// Which server the next connection goes to, and when. A failure moves on to the next server at once; when all have failed, the client
/// backs off.
struct ServerChoice: Sendable {
    private let count: Int
    private(set) var current = 0
    /// In a row.
    private(set) var failures = 0
    /// No connection is opened before.
    private(set) var nextAttemptMilliseconds: UInt64 = 0

    /// - Parameter count: 1 or more.
    init(count: Int) { self.count = count }

    /// - Parameter round: `failures` when the attempt began. Attempts that ran side by side count as one.
    mutating func failed(round: Int, nowMilliseconds: UInt64, backOff: inout BackOff) {
        guard round == failures else { return }
        failures += 1
        current = (current + 1) % count
        let rounds = failures / count
        nextAttemptMilliseconds =
            failures % count == 0 ? nowMilliseconds + backOff.milliseconds(afterFailures: rounds) : nowMilliseconds
    }

    /// A server has done work.
    mutating func succeeded(at server: Int) {
        failures = 0
        nextAttemptMilliseconds = 0
        current = server
    }
}
