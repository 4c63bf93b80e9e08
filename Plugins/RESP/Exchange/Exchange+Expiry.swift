import KeyValueStore
import MartletKit

/// Deadlines of keys.
extension Exchange {
    /// EXPIRE key seconds [NX | XX | GT | LT], and the same in other units.
    mutating func expire(_ unit: TimeUnit) {
        guard let value = integer(2) else { return notAnInteger() }
        var condition = ExpireCondition()
        for index in 3..<max(request.count, 3) {
            guard condition.add(argument(index)) else {
                return output.error("ERR Unsupported option \(argument(index).text)")
            }
        }
        guard condition.isConsistent else {
            return output.error("ERR NX and XX, GT or LT options at the same time are not compatible")
        }
        guard let deadline = unit.deadline(value, now: now) else {
            return output.error("ERR invalid expire time in '\(argument(0).text.lowercased())' command")
        }
        var isSet = false
        let now = now
        let outcome = access.update(argument(1), now: now) { old in
            isSet = old.map { condition.allows(deadline, instead: $0.deadline) } ?? false
            guard isSet else { return .keep }
            return deadline <= now ? .remove : .expire(at: deadline)
        }
        if check(outcome) { output.boolean(isSet) }
    }

    mutating func persist() {
        var had = false
        let outcome = access.update(argument(1), now: now) { old in
            had = (old?.deadline ?? 0) != 0
            return had ? .expire(at: 0) : .keep
        }
        if check(outcome) { output.boolean(had) }
    }

    /// -2: there is no such key; -1: it has no deadline.
    private func deadlineOfKey() -> Int64 {
        var deadline: Int64 = -2
        _ = access.read(argument(1), now: now) { deadline = $0.deadline == 0 ? -1 : $0.deadline }
        return deadline
    }

    mutating func ttl(milliseconds: Bool) {
        let deadline = deadlineOfKey()
        guard deadline > 0 else { return output.integer(deadline) }
        // Seconds are rounded, as in Redis.
        output.integer(milliseconds ? deadline - now : (deadline - now + 500) / 1_000)
    }

    mutating func expiretime(milliseconds: Bool) {
        let deadline = deadlineOfKey()
        output.integer(deadline > 0 && !milliseconds ? deadline / 1_000 : deadline)
    }
}

/// The options of EXPIRE.
private struct ExpireCondition {
    var onlyWithout = false
    var onlyWith = false
    var onlyLater = false
    var onlyEarlier = false

    /// Returns whether it is an option.
    mutating func add(_ word: UnsafeRawBufferPointer) -> Bool {
        if word.is("NX") {
            onlyWithout = true
        } else if word.is("XX") {
            onlyWith = true
        } else if word.is("GT") {
            onlyLater = true
        } else if word.is("LT") {
            onlyEarlier = true
        } else {
            return false
        }
        return true
    }

    var isConsistent: Bool {
        !(onlyWithout && (onlyWith || onlyLater || onlyEarlier)) && !(onlyLater && onlyEarlier)
    }

    /// A key without a deadline lives longer than any other.
    func allows(_ deadline: Int64, instead old: Int64) -> Bool {
        if onlyWithout, old != 0 { return false }
        if onlyWith, old == 0 { return false }
        if onlyLater, old == 0 || deadline <= old { return false }
        if onlyEarlier, old != 0, deadline >= old { return false }
        return true
    }
}
