import KeyValueStore
import MartletKit
import RESPWire

/// SCAN and KEYS.
extension Exchange {
    /// At most this many keys are looked at in one SCAN, whatever COUNT says: others wait meanwhile.
    private static let mostKeys: Int64 = 10_000

    /// SCAN cursor [MATCH pattern] [COUNT n] [TYPE type]
    mutating func scan() {
        guard let cursor = cursor(1) else { return output.error("ERR invalid cursor") }
        var pattern: UnsafeRawBufferPointer?
        var limit: Int64 = 10
        var isString = true
        var index = 2
        while index < request.count {
            guard index + 1 < request.count else { return syntaxError() }
            let word = argument(index)
            if word.is("MATCH") {
                pattern = argument(index + 1)
            } else if word.is("COUNT") {
                guard let count = integer(index + 1) else { return notAnInteger() }
                guard count > 0 else { return syntaxError() }
                limit = min(count, Self.mostKeys)
            } else if word.is("TYPE") {
                isString = argument(index + 1).is("STRING")
            } else {
                return syntaxError()
            }
            index += 2
        }
        var found = Collected()
        let next = access.scan(from: cursor, limit: Int(limit), now: now) { key in
            if isString, key.matches(pattern) { found.add(key) }
        }
        output.array(2)
        output.bulk("\(next)")
        found.write(to: &output)
    }

    mutating func keys() {
        let pattern = argument(1)
        var found = Collected()
        var cursor: UInt64 = 0
        repeat {
            cursor = access.scan(from: cursor, limit: Int(Self.mostKeys), now: now) { key in
                if key.matches(pattern) { found.add(key) }
            }
        } while cursor != 0
        found.write(to: &output)
    }

    private func cursor(_ index: Int) -> UInt64? {
        let text = argument(index)
        guard text.count > 0, text.count <= 20 else { return nil }
        return UInt64(text.text)
    }
}

/// Bulk strings whose number is not known before the last.
private struct Collected {
    private var bytes: [UInt8] = []
    private var count = 0

    mutating func add(_ key: UnsafeRawBufferPointer) {
        bytes += Array("$\(key.count)\r\n".utf8)
        bytes += key
        bytes += [0x0D, 0x0A]
        count += 1
    }

    func write(to output: inout Output) {
        output.array(count)
        bytes.withUnsafeBytes { output.append($0) }
    }
}

extension UnsafeRawBufferPointer {
    /// nil matches all.
    fileprivate func matches(_ pattern: UnsafeRawBufferPointer?) -> Bool {
        guard let pattern else { return true }
        return Glob.matches(bindMemory(to: UInt8.self).span, pattern.bindMemory(to: UInt8.self).span)
    }
}
