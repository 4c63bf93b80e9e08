import BinaryWire

extension BinaryClient {
    /// Entries that one request asks for; a server may send fewer.
    private static let pageEntries = 1_000

    package typealias Entry = (key: [UInt8], value: [UInt8])

    /// Returns the entries whose keys begin with a prefix, in the order of their keys, at most `limit` of them. Sends as many
    /// requests as needed, so the result is not a snapshot; but a key that is there throughout is returned exactly once.
    package func scan(prefix: [UInt8] = [], limit: Int = .max) throws(BinaryClientError) -> [Entry] {
        var entries: [Entry] = []
        var more = true
        while more, entries.count < limit {
            let page = try page(
                prefix, after: entries.last?.key ?? [], limit: min(limit - entries.count, Self.pageEntries))
            entries += page.entries
            more = page.more
        }
        return entries
    }

    private func page(
        _ prefix: [UInt8], after key: [UInt8], limit: Int
    ) throws(BinaryClientError) -> (entries: [Entry], more: Bool) {
        try call(.scan) { session throws(RequestRefusal) in
            try session.scan(prefix: prefix, startAfter: key, limit: limit)
        } answer: { answer, bytes throws(BinaryClientError.Reason) in
            guard case .scan(let scan) = answer else { throw .mismatch }
            var entries: [Entry] = []
            entries.reserveCapacity(scan.count)
            var cursor = scan.entries
            while let entry = cursor.next(in: bytes) {
                entries.append((key: bytes.array(entry.key), value: bytes.array(entry.value)))
            }
            // Otherwise a server that ignores the cursor would make us ask for the same page for ever.
            if let first = entries.first, !key.lexicographicallyPrecedes(first.key) {
                throw .violation(.malformedPayload(.scan))
            }
            return (entries, scan.more)
        }
    }
}
