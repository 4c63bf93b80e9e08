import KeyValueStore
import MartletKit

/// GET and its kin: https://redis.io/docs/latest/commands/?group=string
extension Exchange {
    @inline(__always)
    mutating func get() {
        if !access.read(argument(1), now: now, { output.bulk($0.bytes) }) { output.null() }
    }

    mutating func mget() {
        output.array(request.count - 1)
        withAllKeys(from: 1) { exchange, access in
            let now = exchange.now
            var output = exchange.output
            exchange.eachArgument(from: 1) { key in
                if !access.read(key, now: now, { output.bulk($0.bytes) }) { output.null() }
            }
            exchange.output = output
        }
    }

    /// MSET and MSETNX: all keys or none.
    mutating func mset(onlyNew: Bool) {
        guard request.count % 2 == 1 else { return wrongArity() }
        var outcome = EditOutcome.done
        var isSet = true
        withAllKeys(from: 1, step: 2) { exchange, access in
            let now = exchange.now
            if onlyNew {
                exchange.eachArgument(from: 1, step: 2) { if access.exists($0, now: now) { isSet = false } }
            }
            guard isSet else { return }
            var key: UnsafeRawBufferPointer?
            exchange.eachArgument(from: 1) { argument in
                guard let name = key else {
                    key = argument
                    return
                }
                key = nil
                guard outcome == .done else { return }
                outcome = access.update(name, now: now) { _ in .replace(argument, deadline: 0) }
            }
        }
        guard check(outcome) else { return }
        onlyNew ? output.boolean(isSet) : output.ok()
    }

    mutating func setnx() {
        var isNew = false
        let value = argument(2)
        let outcome = access.update(argument(1), now: now) { old in
            isNew = old == nil
            return isNew ? .replace(value, deadline: 0) : .keep
        }
        if check(outcome) { output.boolean(isNew) }
    }

    /// SETEX and PSETEX: the deadline comes before the value.
    mutating func setex(milliseconds: Bool) {
        let value = argument(3)
        guard let deadline = deadline(2, milliseconds ? .inMilliseconds : .inSeconds) else { return }
        if check(access.update(argument(1), now: now) { _ in .replace(value, deadline: deadline) }) { output.ok() }
    }

    mutating func getset() {
        let value = argument(2)
        changeAndAnswerOld { _ in .replace(value, deadline: 0) }
    }

    mutating func getdel() { changeAndAnswerOld { _ in .remove } }

    /// Answers the old value, or null, if the change was possible.
    mutating func changeAndAnswerOld(_ change: (StoredValue?) -> Edit) {
        var old: [UInt8]?
        let outcome = access.update(argument(1), now: now) { value in
            old = value.map { Array($0.bytes) }
            return change(value)
        }
        guard check(outcome) else { return }
        if let old { old.withUnsafeBytes { output.bulk($0) } } else { output.null() }
    }

    mutating func append() {
        let suffix = argument(2)
        let most = maximumValueBytes
        var length = 0
        let outcome = access.update(argument(1), now: now) { old in
            let count = old?.bytes.count ?? 0
            length = count + suffix.count
            guard length <= most else { return .keep }
            return suffix.isEmpty && old != nil ? .keep : .splice(suffix, at: count)
        }
        guard length <= most else { return tooLong() }
        if check(outcome) { output.integer(length) }
    }

    mutating func strlen() {
        var count = 0
        _ = access.read(argument(1), now: now) { count = $0.bytes.count }
        output.integer(count)
    }

    /// From and to may count from the end: -1 is the last byte.
    mutating func getrange() {
        guard let first = integer(2), let last = integer(3) else { return notAnInteger() }
        let isThere = access.read(argument(1), now: now) { value in
            let count = Int64(value.bytes.count)
            let from = first < 0 ? max(count &+ first, 0) : first
            let to = min(last < 0 ? count &+ last : last, count - 1)
            guard from <= to, from < count, to >= 0 else { return output.raw("$0\r\n\r\n") }
            output.bulk(UnsafeRawBufferPointer(rebasing: value.bytes[Int(from)...Int(to)]))
        }
        if !isThere { output.raw("$0\r\n\r\n") }
    }

    mutating func setrange() {
        guard let offset = integer(2) else { return notAnInteger() }
        guard offset >= 0 else { return output.error("ERR offset is out of range") }
        let bytes = argument(3)
        guard offset <= Int64(maximumValueBytes - min(bytes.count, maximumValueBytes)) else {
            return bytes.isEmpty ? strlen() : tooLong()
        }
        var length = 0
        let outcome = access.update(argument(1), now: now) { old in
            length = old?.bytes.count ?? 0
            if bytes.isEmpty { return .keep }
            length = max(length, Int(offset) + bytes.count)
            return .splice(bytes, at: Int(offset))
        }
        if check(outcome) { output.integer(length) }
    }

    private mutating func tooLong() { output.error("ERR string exceeds maximum allowed size (max_value)") }
}
