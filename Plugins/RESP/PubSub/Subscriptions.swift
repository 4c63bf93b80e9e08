import MartletKit
import RESPWire
import Synchronization

/// What a client subscribes to.
enum SubscriptionKind {
    case channel, pattern

    /// The group of the host with the subscribers that speak this version: their messages differ.
    func group(_ name: String, version: UInt8) -> String {
        switch self {
        case .channel: "\(version)c\(name)"
        case .pattern: "\(version)p\(name)"
        }
    }
}

/// The channels and patterns that have subscribers. The host's groups know the members, but not the names of all groups.
final class Subscriptions: Sendable {
    private struct State {
        var channels: [String: Int] = [:]
        var patterns: [String: Int] = [:]
    }

    private let state = Mutex(State())
    private let patternCount = Atomic(0)

    func add(_ name: String, _ kind: SubscriptionKind) {
        state.withLock { state in
            switch kind {
            case .channel: state.channels[name, default: 0] += 1
            case .pattern: state.patterns[name, default: 0] += 1
            }
            patternCount.store(state.patterns.count, ordering: .relaxed)
        }
    }

    func remove(_ name: String, _ kind: SubscriptionKind) {
        func removeOne(_ counts: inout [String: Int]) {
            guard let count = counts[name] else { return }
            counts[name] = count == 1 ? nil : count - 1
        }
        state.withLock { state in
            switch kind {
            case .channel: removeOne(&state.channels)
            case .pattern: removeOne(&state.patterns)
            }
            patternCount.store(state.patterns.count, ordering: .relaxed)
        }
    }

    /// The channels that match a pattern; nil: all.
    func channels(_ pattern: UnsafeRawBufferPointer?) -> [String] {
        let names = state.withLock { Array($0.channels.keys) }
        guard let pattern else { return names }
        return names.filter { name in
            Glob.matches(Array(name.utf8).span, pattern.bindMemory(to: UInt8.self).span)
        }
    }

    func count(_ channel: String) -> Int { state.withLock { $0.channels[channel] ?? 0 } }

    var patterns: Int { patternCount.load(ordering: .relaxed) }

    func patterns(matching channel: UnsafeRawBufferPointer) -> [String] {
        guard patternCount.load(ordering: .relaxed) > 0 else { return [] }
        let all = state.withLock { Array($0.patterns.keys) }
        return all.filter { pattern in
            Glob.matches(channel.bindMemory(to: UInt8.self).span, Array(pattern.utf8).span)
        }
    }
}
