import Addresses
import Configuration
import TLS

/// The parts of a listener that a reload compares.
package struct ListenerState: Sendable, Equatable {
    package var name: String
    /// SHA-256 of the plugin's content.
    package var hash: String
    package var configuration: ListenerConfiguration
    /// The content of the files that its table `[tls]` names.
    var security: TLSMaterial?

    package init(name: String, hash: String, configuration: ListenerConfiguration, security: TLSMaterial? = nil) {
        self.name = name
        self.hash = hash
        self.configuration = configuration
        self.security = security
    }
}

/// What a reload does with one listener.
package enum ListenerChange: Sendable, Equatable {
    case unchanged
    case start
    /// A new generation gets the next connections.
    case swap
    /// The same instance, on other addresses, under other names, with other socket options or other certificates.
    case move
    case stop
}

/// The difference between what runs and what the folder asks for: a pure value.
package struct ReloadPlan: Sendable, Equatable {
    package struct Step: Sendable, Equatable {
        package var listener: String
        package var change: ListenerChange

        package init(listener: String, change: ListenerChange) {
            self.listener = listener
            self.change = change
        }
    }

    /// Sorted by name.
    package let steps: [Step]

    /// - Parameter heldBack: what is held back, by listener. Finding exactly this again is no change.
    package init(running: [ListenerState], wanted: [ListenerState], heldBack: [String: ListenerState] = [:]) {
        let running = Dictionary(uniqueKeysWithValues: running.map { ($0.name, $0) })
        let wanted = Dictionary(uniqueKeysWithValues: wanted.map { ($0.name, $0) })
        steps = Set(running.keys).union(wanted.keys).sorted().map { name in
            let isHeldBack = wanted[name] != nil && wanted[name] == heldBack[name]
            return Step(
                listener: name,
                change: isHeldBack ? .unchanged : Self.change(from: running[name], to: wanted[name]))
        }
    }

    /// A step whose listener wants an address that another listener keeps.
    package struct Blocked: Sendable, Equatable {
        package var listener: String
        package var address: ListenAddress
        package var holder: String

        package init(listener: String, address: ListenAddress, holder: String) {
            self.listener = listener
            self.address = address
            self.holder = holder
        }
    }

    /// The steps that conflict with listeners that stay unchanged. Each listener is named once.
    ///
    /// - Parameters:
    ///   - steps: the steps that are left. A listener without a step stays unchanged.
    ///   - running: the addresses of the listeners that run.
    ///   - wanted: the addresses that their files name.
    package static func blocked(
        _ steps: [Step], running: [String: [ListenAddress]], wanted: [String: [ListenAddress]]
    ) -> [Blocked] {
        let changed = Dictionary(uniqueKeysWithValues: steps.map { ($0.listener, $0.change) })
        let kept = running.filter { changed[$0.key] == nil || changed[$0.key] == .unchanged }
        return steps.compactMap { step in
            guard [.start, .swap, .move].contains(step.change) else { return nil }
            for address in wanted[step.listener] ?? [] {
                for (holder, addresses) in kept.sorted(by: { $0.key < $1.key }) {
                    guard holder != step.listener, addresses.contains(where: address.overlaps) else { continue }
                    return Blocked(listener: step.listener, address: address, holder: holder)
                }
            }
            return nil
        }
    }

    private static func change(from old: ListenerState?, to new: ListenerState?) -> ListenerChange {
        guard let old else { return .start }
        guard let new else { return .stop }
        // The same content under another path is the same plugin.
        var kept = old
        kept.configuration.plugin = new.configuration.plugin
        // A new policy for the next swap is no reason to swap.
        kept.configuration.reload = new.configuration.reload
        kept.configuration.rollout = new.configuration.rollout
        if kept == new { return .unchanged }
        kept.configuration.endpoints = new.configuration.endpoints
        kept.configuration.socket = new.configuration.socket
        kept.configuration.tls = new.configuration.tls
        kept.security = new.security
        return kept == new ? .move : .swap
    }
}
