/// Operations on all keys with a prefix. They work in pieces and unlock the store between two, so that other callers wait
/// for at most one piece.
extension SharedStore {
    private static let piece = 256

    private func timeOfSweep() -> Int64 { latestTime.load(ordering: .relaxed) }

    package func count(prefix: [UInt8]) -> Int64 {
        var count: Int64 = 0
        var last: [UInt8] = []
        while true {
            var room = Self.piece
            let start = last
            let more = scan(prefix: prefix.span.bytes, startAfter: start.span.bytes, now: timeOfSweep) { key, _ in
                guard room > 0 else { return false }
                room -= 1
                if room == 0 { last = key.withUnsafeBytes { Array($0) } }
                return true
            }
            count += Int64(Self.piece - room)
            if !more { return count }
        }
    }

    /// Returns the number of deleted keys. Keys that are put meanwhile may stay.
    package func clear(prefix: [UInt8]) -> Int64 {
        var count: Int64 = 0
        var last: [UInt8] = []
        while true {
            var keys: [[UInt8]] = []
            _ = scan(prefix: prefix.span.bytes, startAfter: last.span.bytes, now: timeOfSweep) { key, _ in
                guard keys.count < Self.piece else { return false }
                keys.append(key.withUnsafeBytes { Array($0) })
                return true
            }
            guard let end = keys.last else { return count }
            last = end
            for key in keys where delete(key: key.span.bytes, now: timeOfSweep) { count += 1 }
        }
    }
}
