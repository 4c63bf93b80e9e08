import KeyValueStore
import MartletKit

/// SET key value [NX | XX] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]
extension Exchange {
    private struct SetOptions {
        var deadline: Int64 = 0
        var onlyNew = false
        var onlyOld = false
        var keepsDeadline = false
        var answersOld = false
        var hasDeadline = false
    }

    @inline(__always)
    mutating func set() {
        if request.count > 3 { return setWithOptions() }
        let value = argument(2)
        guard value.count <= maximumValueBytes else { return valueTooLarge() }
        if check(access.update(argument(1), now: now) { _ in .replace(value, deadline: 0) }) { output.ok() }
    }

    private mutating func valueTooLarge() { output.error("ERR value is larger than this server stores (max_value)") }

    @inline(never)
    private mutating func setWithOptions() {
        guard let set = setOptions() else { return }
        let value = argument(2)
        guard value.count <= maximumValueBytes else { return valueTooLarge() }
        var old: [UInt8]?
        var isSet = true
        let now = now
        let outcome = access.update(argument(1), now: now) { stored in
            if set.answersOld { old = stored.map { Array($0.bytes) } }
            isSet = stored == nil ? !set.onlyOld : !set.onlyNew
            guard isSet else { return .keep }
            if set.hasDeadline, set.deadline <= now { return .remove }
            let deadline = set.keepsDeadline ? stored?.deadline ?? 0 : set.deadline
            return .replace(value, deadline: deadline)
        }
        guard check(outcome) else { return }
        if set.answersOld {
            if let old { old.withUnsafeBytes { output.bulk($0) } } else { output.null() }
        } else {
            isSet ? output.ok() : output.null()
        }
    }

    /// nil: answers an error.
    private mutating func setOptions() -> SetOptions? {
        var set = SetOptions()
        var index = 3
        while index < request.count {
            let word = argument(index)
            if word.is("NX"), !set.onlyOld {
                set.onlyNew = true
            } else if word.is("XX"), !set.onlyNew {
                set.onlyOld = true
            } else if word.is("GET") {
                set.answersOld = true
            } else if word.is("KEEPTTL"), !set.hasDeadline {
                set.keepsDeadline = true
            } else if let unit = TimeUnit(word), index + 1 < request.count, !set.hasDeadline, !set.keepsDeadline {
                guard let deadline = deadline(index + 1, unit) else { return nil }
                (set.deadline, set.hasDeadline) = (deadline, true)
                index += 1
            } else {
                syntaxError()
                return nil
            }
            index += 1
        }
        return set
    }

    /// GETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST]
    mutating func getex() {
        var edit = Edit.keep
        if request.count == 3, argument(2).is("PERSIST") {
            edit = .expire(at: 0)
        } else if request.count == 4, let unit = TimeUnit(argument(2)) {
            guard let deadline = deadline(3, unit) else { return }
            edit = deadline <= now ? .remove : .expire(at: deadline)
        } else if request.count > 2 {
            return syntaxError()
        }
        changeAndAnswerOld { _ in edit }
    }
}

/// How a time is given.
enum TimeUnit {
    case inSeconds, inMilliseconds, atSecond, atMillisecond

    init?(_ word: UnsafeRawBufferPointer) {
        if word.is("EX") {
            self = .inSeconds
        } else if word.is("PX") {
            self = .inMilliseconds
        } else if word.is("EXAT") {
            self = .atSecond
        } else if word.is("PXAT") {
            self = .atMillisecond
        } else {
            return nil
        }
    }

    /// Milliseconds since 1970; nil: not a time.
    func deadline(_ value: Int64, now: Int64) -> Int64? {
        switch self {
        case .atMillisecond: return value
        case .atSecond: return milliseconds(value)
        case .inMilliseconds: return sum(now, value)
        case .inSeconds: return milliseconds(value).flatMap { sum(now, $0) }
        }
    }

    private func milliseconds(_ seconds: Int64) -> Int64? {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        return overflow ? nil : product
    }

    private func sum(_ one: Int64, _ other: Int64) -> Int64? {
        let (sum, overflow) = one.addingReportingOverflow(other)
        return overflow ? nil : sum
    }
}

extension Exchange {
    /// The deadline in an argument of SET, SETEX or GETEX, which must be above 0. nil: answers an error.
    mutating func deadline(_ index: Int, _ unit: TimeUnit) -> Int64? {
        guard let value = integer(index) else {
            notAnInteger()
            return nil
        }
        guard value > 0, let deadline = unit.deadline(value, now: now), deadline > 0 else {
            output.error("ERR invalid expire time in '\(argument(0).text.lowercased())' command")
            return nil
        }
        return deadline
    }
}
