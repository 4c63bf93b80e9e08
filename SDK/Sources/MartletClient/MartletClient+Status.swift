extension MartletClient {
    /// What a server says about itself in its hello.
    public struct Server: Sendable, Equatable {
        /// At most 64 bytes.
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
        /// Connections that take requests.
        public var openConnections = 0
        /// Connections that will be open if all goes well.
        public var openingConnections = 0
        /// Connections to which the server has said goodbye, and which wait for their last answers.
        public var leavingConnections = 0
        /// Requests without an answer, including those that nobody waits for any more.
        public var requestsInFlight = 0
        /// Calls that wait for a connection, or pause before another attempt.
        public var waitingCalls = 0
    }
}
