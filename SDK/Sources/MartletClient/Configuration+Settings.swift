import BinaryWire

extension MartletClient.Configuration {
    /// The settings of the pool, in the units of its clock.
    func settings(for addresses: [String]) throws(MartletClientError.Reason) -> Pool.Settings {
        var servers: [ServerAddress] = []
        for address in addresses {
            guard let server = ServerAddress(address) else {
                throw .invalidConfiguration(
                    "\"\(address)\" is not an address; expected host:port, [::1]:port or unix:/path")
            }
            servers.append(server)
        }
        try check(!servers.isEmpty, "addresses", "at least one", "none")
        try check()
        return Pool.Settings(
            servers: servers, connection: connection, minimumConnections: minimumConnections,
            maximumConnections: maximumConnections, maximumWaitingCalls: maximumWaitingCalls, retry: retry)
    }

    private var connection: Connection.Settings {
        Connection.Settings(
            name: name, maximumPayload: UInt32(maximumPayload), requestsInFlight: requestsPerConnection,
            connectTimeout: connectTimeout, heartbeatMilliseconds: heartbeatInterval?.wholeMilliseconds ?? 0,
            unansweredHeartbeats: unansweredHeartbeats, idleMilliseconds: idleTimeout?.wholeMilliseconds,
            credentials: credentials)
    }

    private func check() throws(MartletClientError.Reason) {
        try check(
            name.utf8.count <= WireLimits.nameBytes
                && !name.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F },
            "name", "at most 64 bytes without control characters", "\"\(name)\"")
        try check(
            maximumPayload, "maximumPayload", WireLimits.smallestMaximumPayload...WireLimits.largestMaximumPayload)
        try check(maximumConnections, "maximumConnections", 1...1_024)
        try check(minimumConnections, "minimumConnections", 0...maximumConnections)
        try check(requestsPerConnection, "requestsPerConnection", 1...4_096)
        try check(maximumWaitingCalls, "maximumWaitingCalls", 1...(1 << 24))
        try check(unansweredHeartbeats, "unansweredHeartbeats", 1...255)
        try check(retry.attempts, "retry.attempts", 1...1_000)
        if let count = retry.connectAttempts { try check(count, "retry.connectAttempts", 1...1_000) }
        try check(connectTimeout, "connectTimeout")
        try check(requestTimeout, "requestTimeout")
        if let heartbeatInterval { try check(heartbeatInterval, "heartbeatInterval") }
        if let idleTimeout { try check(idleTimeout, "idleTimeout") }
        switch credentials?.secret {
        case .password(let user, _):
            try check(1...128 ~= user.utf8.count, "credentials", "a user of 1 to 128 bytes", "\"\(user)\"")
        case .token(let token):
            let count = token.utf8.count
            try check(
                1...WireLimits.authenticationBytes ~= count, "credentials",
                "a token of 1 to \(WireLimits.authenticationBytes) bytes", "\(count)")
        case nil: break
        }
        try check(retry.base >= .zero && retry.limit >= .zero, "retry", "no negative wait", "\(retry)")
    }

    private func check(
        _ value: Int, _ name: String, _ range: ClosedRange<Int>
    ) throws(MartletClientError.Reason) {
        try check(range.contains(value), name, "\(range.lowerBound) to \(range.upperBound)", "\(value)")
    }

    private func check(_ value: Duration, _ name: String) throws(MartletClientError.Reason) {
        try check(value > .zero, name, "more than 0", "\(value)")
    }

    private func check(
        _ isRight: Bool, _ name: String, _ expected: String, _ found: String
    ) throws(MartletClientError.Reason) {
        guard isRight else { throw .invalidConfiguration("\(name): expected \(expected), found \(found)") }
    }
}
