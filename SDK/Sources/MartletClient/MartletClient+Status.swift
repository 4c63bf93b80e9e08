extension MartletClient {
    /// What a server says about itself in its hello.
    public struct Server: Sendable, Equatable {
        public var name: String
        /// Of the protocol.
        public var version: Int
        /// The largest payload that it accepts, in bytes.
        public var maximumPayload: Int
        /// How often it pings a client that sends nothing; nil: never.
        public var heartbeatInterval: Duration?
    }

    /// What a client is doing.
    public struct Status: Sendable, Equatable {
        public var openConnections = 0
        public var openingConnections = 0
        /// Connections to which the server has said goodbye, and which wait for their last answers.
        public var leavingConnections = 0
        /// Requests without an answer, including those that nobody waits for any more.
        public var requestsInFlight = 0
        /// Calls that wait for a connection, or pause before another attempt.
        public var waitingCalls = 0
    }
}
