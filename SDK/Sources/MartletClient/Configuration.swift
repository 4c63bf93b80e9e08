import TLSClient

extension MartletClient {
    /// How a client connects, waits and repeats. Every limit has a default that suits a service in the same data centre.
    public struct Configuration: Sendable {
        /// What the client calls itself in its hello, at most 64 bytes.
        public var name = "martlet-client"
        /// The largest answer that the client accepts, in bytes: 4,096 to 16,777,216.
        public var maximumPayload = 1_052_672

        /// Connections that are opened at once and kept open. With 0, the first call opens the first one.
        public var minimumConnections = 0
        /// Another connection is opened when those that are open are full. One to which the server has said goodbye does not count.
        public var maximumConnections = 4
        /// Requests that a connection has on their way at the same time, 1 to 4,096.
        public var requestsPerConnection = 64
        /// Calls that wait for room on a connection, or for a connection. One more fails with
        /// ``MartletClientError/Reason/queueFull(limit:)``.
        /// A call that comes back from a lost connection waits again, however many wait.
        public var maximumWaitingCalls = 65_536
        /// A connection that is unused for so long is closed, unless the minimum needs it; nil: never.
        public var idleTimeout: Duration? = .seconds(60)

        /// For a connection: resolving the name, connecting, TLS and hello together.
        public var connectTimeout: Duration = .seconds(5)
        /// For a call, from its start to its answer, with all its attempts and with waiting. A call can have its own.
        public var requestTimeout: Duration = .seconds(5)
        /// The client pings a server from which it has received nothing for so long; nil: never.
        public var heartbeatInterval: Duration? = .seconds(15)
        /// A server that is silent for so many intervals and one more is lost. At least 1.
        public var unansweredHeartbeats = 2

        /// When a call is sent again.
        public var retry = RetryPolicy()
        /// nil: connections are not encrypted.
        public var tls: TLS?
        /// Who the client is, for a server with users; nil: nobody.
        public var credentials: Credentials?

        /// The defaults.
        public init() {}
    }

    /// How often a call is repeated, and how long the client waits between attempts.
    public struct RetryPolicy: Sendable, Equatable {
        /// How often a call is sent at most, 1 or more. A request that never left the client does not count.
        public var attempts = 3
        /// A call fails when so many attempts to connect have failed while it waited; nil: it waits until its time-out.
        public var connectAttempts: Int?
        /// The wait before attempt n + 1 is random between 0 and `base` × 2ⁿ⁻¹ (full jitter), at most `limit`.
        public var base: Duration = .milliseconds(50)
        /// See `base`.
        public var limit: Duration = .seconds(2)

        /// The defaults.
        public init() {}
    }

    /// How a client shows a server who it is. A secret is never part of an error or of a description.
    public struct Credentials: Sendable, Equatable, CustomStringConvertible {
        enum Secret: Sendable, Equatable {
            case password(user: String, String)
            case token(String)
        }

        let secret: Secret

        /// The password is proven, not sent, and the server proves that it knows it too: SCRAM-SHA-256, RFC 7677.
        public static func password(user: String, _ password: String) -> Credentials {
            Credentials(secret: .password(user: user, password))
        }

        /// The token is sent, so the connection should be encrypted.
        public static func token(_ token: String) -> Credentials { Credentials(secret: .token(token)) }

        /// Without the secret.
        public var description: String {
            switch secret {
            case .password(let user, _): "the password of \(user)"
            case .token: "a token"
            }
        }
    }

    /// Encrypts connections, and checks that the server's certificate names the host of the address.
    public struct TLS: Sendable, Equatable {
        /// A file of certificates in PEM that are trusted; nil: those of the system.
        public var authorities: String?
        /// A file with a certificate and its key in PEM, to show the server; nil: none.
        public var certificate: String?
        /// What the server's certificate must name; nil: the host of the address. A Unix socket has none, so any trusted certificate is
        /// accepted there.
        public var serverName: String?

        /// TLS that trusts the authorities of the system, unless it says otherwise.
        public init(authorities: String? = nil, certificate: String? = nil, serverName: String? = nil) {
            (self.authorities, self.certificate, self.serverName) = (authorities, certificate, serverName)
        }

        var settings: TLSClientSettings {
            var settings = TLSClientSettings(authorities: authorities, certificate: certificate)
            // A client that lost its connections is back sooner.
            settings.resumes = true
            return settings
        }
    }

    /// Whether a call is sent again when its answer is lost.
    public enum Retry: Sendable, Equatable {
        /// Only if the first request was certainly not executed, or if a second one changes nothing: ping, echo, get and scan.
        case ifSafe
        /// Also if it may have been executed. For a put or a delete that may happen twice.
        case always
        /// Not at all.
        case never
    }
}
