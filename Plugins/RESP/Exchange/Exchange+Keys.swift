import KeyValueStore
import MartletKit

/// https://redis.io/docs/latest/commands/?group=generic
extension Exchange {
    /// DEL and UNLINK.
    mutating func del() {
        var count = 0
        withAllKeys(from: 1) { exchange, access in
            let now = exchange.now
            exchange.eachArgument(from: 1) { if access.remove($0, now: now) { count += 1 } }
        }
        output.integer(count)
    }

    /// EXISTS and TOUCH. A key that is named twice counts twice.
    mutating func exists() {
        var count = 0
        withAllKeys(from: 1) { exchange, access in
            let now = exchange.now
            exchange.eachArgument(from: 1) { if access.exists($0, now: now) { count += 1 } }
        }
        output.integer(count)
    }

    mutating func type() { output.raw(access.exists(argument(1), now: now) ? "+string\r\n" : "+none\r\n") }

    /// RENAME and RENAMENX: the value with its deadline.
    mutating func rename(onlyNew: Bool) {
        var answer: Bool?
        var outcome = EditOutcome.done
        withAllKeys(from: 1) { exchange, access in
            let (from, to, now) = (exchange.argument(1), exchange.argument(2), exchange.now)
            var moved: (value: [UInt8], deadline: Int64)?
            guard access.read(from, now: now, { moved = (Array($0.bytes), $0.deadline) }), let moved else { return }
            guard !onlyNew || !access.exists(to, now: now) else {
                answer = false
                return
            }
            answer = true
            // A key may be renamed to itself.
            guard !from.elementsEqual(to) else { return }
            outcome = moved.value.withUnsafeBytes { value in
                access.update(to, now: now) { _ in .replace(value, deadline: moved.deadline) }
            }
            if outcome == .done { _ = access.remove(from, now: now) }
        }
        guard let answer else { return output.error("ERR no such key") }
        guard check(outcome) else { return }
        onlyNew ? output.boolean(answer) : output.ok()
    }

    mutating func randomkey() {
        var generator = SystemRandomNumberGenerator()
        if !access.anyKey(near: generator.next(), now: now, { output.bulk($0) }) { output.null() }
    }

    mutating func dbsize() { output.integer(access.count(now: now).keys) }

    /// FLUSHDB and FLUSHALL [ASYNC | SYNC]
    mutating func flush() {
        guard request.count == 1 || request.count == 2 && (argument(1).is("ASYNC") || argument(1).is("SYNC")) else {
            return syntaxError()
        }
        access.removeAll()
        output.ok()
    }
}
