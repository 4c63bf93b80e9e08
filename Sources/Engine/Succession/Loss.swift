/// Why a connection ends with the process that had it.
package enum Loss: String, Codable, CaseIterable, Sendable, CodingKeyRepresentable {
    /// Its callback was running, or bytes were on their way.
    case busy
    /// A worker had just ended a call of it, whose effect is not known.
    case worker
    /// It waited for the completion of work (`submit`).
    case work
    /// What is known of it contradicts itself.
    case damaged
    /// Memory of the plugin waited to be sent to its peer.
    case lent
    /// The plugin has kept its session for itself, or does not restore it.
    case session
    /// The plugin says that its peers cannot go on: `on_crash`.
    case policy
    /// Its keys were in the memory of the process (TLS).
    case tls
    /// Its socket was closed.
    case socket
    /// There is no memory, or no descriptor.
    case resources
}

/// What becomes of the connections of a process that has died.
package struct Succession: Codable, Sendable, Equatable {
    /// Go on.
    package var adopted = 0
    package var lost: [Loss: Int] = [:]

    package init() {}

    package var lostCount: Int { lost.values.reduce(0, +) }

    package mutating func lose(_ reason: Loss, count: Int = 1) { lost[reason, default: 0] += count }

    package static func + (one: Succession, other: Succession) -> Succession {
        var sum = one
        sum.adopted += other.adopted
        for (reason, count) in other.lost { sum.lose(reason, count: count) }
        return sum
    }
}
