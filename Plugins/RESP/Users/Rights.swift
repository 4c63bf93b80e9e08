import MartletKit

/// What a user that may not do everything may do.
struct Rights {
    let user: User

    /// Why a command must not run; nil: it may.
    func denial(of description: CommandDescription, _ exchange: Exchange) -> String? {
        if user.isReadOnly, description.flags.contains(.write) || description.command == .publish {
            return "NOPERM User \(user.name) has no permissions to run the '\(description.name)' command"
        }
        guard !user.prefixes.isEmpty else { return nil }
        switch description.command {
        case .flushdb, .flushall, .randomkey, .dbsize, .pubsub:
            return "NOPERM User \(user.name) has no permissions to run the '\(description.name)' command"
        case .keys: return mayUse(pattern: exchange.argument(1)) ? nil : Self.noKey
        case .scan:
            // Without MATCH it would see all keys.
            return pattern(ofScan: exchange).map(mayUse(pattern:)) == true ? nil : Self.noKey
        case .subscribe, .publish: return mayUseAll(exchange, description) ? nil : Self.noChannel
        case .psubscribe: return mayUsePatterns(exchange) ? nil : Self.noChannel
        default: return mayUseAll(exchange, description) ? nil : Self.noKey
        }
    }

    private static let noKey = "NOPERM No permissions to access a key"
    private static let noChannel = "NOPERM No permissions to access a channel"

    private func mayUseAll(_ exchange: Exchange, _ description: CommandDescription) -> Bool {
        let count = exchange.request.count
        let (first, last, step): (Int, Int, Int) =
            switch description.command {
            case .subscribe: (1, count - 1, 1)
            case .publish: (1, 1, 1)
            default:
                (
                    description.firstKey,
                    description.lastKey < 0 ? count + description.lastKey : description.lastKey,
                    max(description.step, 1)
                )
            }
        guard first > 0 else { return true }
        return stride(from: first, through: min(last, count - 1), by: step).allSatisfy {
            user.mayUse(exchange.argument($0))
        }
    }

    private func mayUsePatterns(_ exchange: Exchange) -> Bool {
        (1..<exchange.request.count).allSatisfy { mayUse(pattern: exchange.argument($0)) }
    }

    private func pattern(ofScan exchange: Exchange) -> UnsafeRawBufferPointer? {
        var found: UnsafeRawBufferPointer?
        // As SCAN does, the last one counts.
        for index in stride(from: 2, to: exchange.request.count - 1, by: 2) where exchange.argument(index).is("MATCH") {
            found = exchange.argument(index + 1)
        }
        return found
    }

    /// Everything that matches begins with what stands before the first special character.
    private func mayUse(pattern: UnsafeRawBufferPointer) -> Bool {
        let literal = pattern.prefix { byte in !"*?[\\".utf8.contains(byte) }
        return user.mayUse(UnsafeRawBufferPointer(rebasing: literal))
    }
}

extension RESPSession {
    /// Whether the command of the exchange must not run, and why.
    func denial(of command: Command, _ exchange: Exchange) -> String? {
        guard flags.contains(.limited), let user = details?.user else { return nil }
        return Rights(user: user).denial(of: command.description, exchange)
    }
}
