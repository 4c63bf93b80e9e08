import KeyValueStore
import MartletKit
import RESPWire

/// Numbers, kept as text. Read, added and written under one lock.
extension Exchange {
    /// INCR, DECR: no argument.
    mutating func add(_ amount: Int64) {
        var sum: Int64 = 0
        var error: StaticString?
        var digits = InlineArray<24, UInt8>(repeating: 0)
        let outcome = withUnsafeMutableBytes(of: &digits) { memory in
            access.update(argument(1), now: now) { old in
                guard let value = old.map({ Number.integer($0.bytes.bindMemory(to: UInt8.self).span) }) ?? 0 else {
                    error = "ERR value is not an integer or out of range"
                    return .keep
                }
                let (result, overflow) = value.addingReportingOverflow(amount)
                guard !overflow else {
                    error = "ERR increment or decrement would overflow"
                    return .keep
                }
                sum = result
                var text = MutableSpan<UInt8>(
                    _unsafeStart: memory.baseAddress!.assumingMemoryBound(to: UInt8.self), count: memory.count)
                let count = Number.write(result, into: &text)
                let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[0..<count])
                return .replace(bytes, deadline: old?.deadline ?? 0)
            }
        }
        if let error { return output.error("\(error)") }
        if check(outcome) { output.integer(sum) }
    }

    /// INCRBY, DECRBY.
    mutating func addArgument(sign: Int64) {
        guard let amount = integer(2) else { return notAnInteger() }
        let (product, overflow) = amount.multipliedReportingOverflow(by: sign)
        guard !overflow else { return output.error("ERR decrement would overflow") }
        add(product)
    }

    mutating func incrbyfloat() {
        guard let amount = Number.real(argument(2).bindMemory(to: UInt8.self).span) else {
            return output.error("ERR value is not a valid float")
        }
        var text: [UInt8] = []
        var error: StaticString?
        // The text must outlive the closure, and its length is not known before it.
        let key = argument(1)
        var old: [UInt8]?
        _ = access.read(key, now: now) { old = Array($0.bytes) }
        let value = old.map { Number.real($0.span) } ?? 0
        if let value {
            let sum = value + amount
            if sum.isFinite {
                text = Array(Number.text(sum).utf8)
            } else {
                error = "ERR increment would produce NaN or Infinity"
            }
        } else {
            error = "ERR value is not a valid float"
        }
        if let error { return output.error("\(error)") }
        var isSame = false
        let outcome = text.withUnsafeBytes { text in
            access.update(key, now: now) { stored in
                // Another connection may have changed the value meanwhile.
                isSame = stored.map { Array($0.bytes) } == old
                return isSame ? .replace(text, deadline: stored?.deadline ?? 0) : .keep
            }
        }
        guard isSame else { return incrbyfloat() }
        if check(outcome) { text.withUnsafeBytes { output.bulk($0) } }
    }
}
