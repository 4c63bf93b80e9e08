/// From where somebody tries to log in: an address, or the /64 of an IPv6 address.
package struct PeerNetwork: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    package init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }
}

/// Slows down those who guess passwords. Times are nanoseconds.
///
/// Only failures count. Those of one address against one user keep nobody else out. Those of one address against all users, and those of
/// all addresses against one user, do not keep out whoever has logged in from the same address before: neither a peer behind the same
/// proxy nor a crowd can lock a user out.
struct FailureLimits {
    /// How many failures are free, and how long one counts.
    struct Allowance {
        let failures: Double
        let nanoseconds: Double
    }

    static let perPair = Allowance(failures: 10, nanoseconds: 6e9)
    static let perNetwork = Allowance(failures: 100, nanoseconds: 1e9)
    static let perUser = Allowance(failures: 100, nanoseconds: 1e9)

    /// In memory.
    var entryCount: Int { counts.count + known.count }

    private enum Subject: Hashable {
        case pair(PeerNetwork, String)
        case network(PeerNetwork)
        case user(String)

        var allowance: Allowance {
            switch self {
            case .pair: perPair
            case .network: perNetwork
            case .user: perUser
            }
        }
    }

    private struct Count {
        var failures: Double
        var at: UInt64

        func failures(_ allowance: Allowance, at now: UInt64) -> Double {
            max(0, failures - Double(now - min(at, now)) / allowance.nanoseconds)
        }
    }

    private struct Pair: Hashable {
        let network: PeerNetwork
        let user: String
    }

    /// The most entries of each kind: a peer with many addresses fills no memory.
    static let entryLimit = 65_536

    private var counts: [Subject: Count] = [:]
    /// Who has logged in from where.
    private var known: Set<Pair> = []

    /// - Parameter user: a name, or what stands for one.
    func isLimited(_ network: PeerNetwork, _ user: String, at now: UInt64) -> Bool {
        if isFull(.pair(network, user), now) { return true }
        guard isFull(.network(network), now) || isFull(.user(user), now) else { return false }
        return !known.contains(Pair(network: network, user: user))
    }

    private func isFull(_ subject: Subject, _ now: UInt64) -> Bool {
        let allowance = subject.allowance
        return counts[subject].map { $0.failures(allowance, at: now) > allowance.failures - 1 } ?? false
    }

    mutating func fail(_ network: PeerNetwork, _ user: String?, at now: UInt64) {
        add(.network(network), now)
        guard let user else { return }
        add(.pair(network, user), now)
        add(.user(user), now)
    }

    private mutating func add(_ subject: Subject, _ now: UInt64) {
        if counts.count >= Self.entryLimit, counts[subject] == nil { makeRoom(now) }
        let failures = counts[subject]?.failures(subject.allowance, at: now) ?? 0
        counts[subject] = Count(failures: failures + 1, at: now)
    }

    private mutating func makeRoom(_ now: UInt64) {
        counts = counts.filter { $0.value.failures($0.key.allowance, at: now) > 0 }
        // Whoever has so many addresses is not slowed down by counting them.
        if counts.count >= Self.entryLimit { counts = counts.filter { $0.value.failures > 1 } }
        if counts.count >= Self.entryLimit { counts.removeAll() }
    }

    mutating func succeed(_ network: PeerNetwork, _ user: String) {
        if known.count >= Self.entryLimit { known.removeAll() }
        known.insert(Pair(network: network, user: user))
    }
}
