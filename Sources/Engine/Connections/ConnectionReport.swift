/// The state of a connection, as tests look at it between two turns.
package struct ConnectionReport {
    /// `opened` succeeded and `closed` has not been called.
    package let hasSession: Bool
    /// Names the instance, as in its binding.
    package let label: UInt32
    package let id: ConnectionID
    package let isPaused: Bool
    package let expectsInput: Bool
    /// The session moves to the next generation after a later callback.
    package let movesLater: Bool
    /// Input that the plugin has not consumed.
    package let inputCount: Int
    package let wantedInput: Int
    /// Output that waits for the peer.
    package let outputCount: Int
    /// Milliseconds on CLOCK_MONOTONIC; 0: none is set.
    package let timerDeadline: UInt64
}
