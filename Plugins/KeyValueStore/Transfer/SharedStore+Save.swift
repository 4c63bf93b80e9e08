extension SharedStore {
    /// Writes the whole store in pieces: `PieceHead`. All shards are locked meanwhile, and nothing changes.
    ///
    /// - Parameter put: takes one piece of up to 1 MiB, which is valid until it returns; false ends the call.
    /// - Returns: whether all pieces were taken. false also without memory for one piece.
    package func save(_ put: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        exclusively { access in
            let size = access.size
            let head = PieceHead(
                totalKeys: UInt64(size.keys), totalBytes: UInt64(size.bytes), order: order,
                lastVersion: shards[0].contents.pointee.lastVersion)
            guard var writer = PieceWriter(head) else { return false }
            for index in 0..<shardCount {
                access.withContents(of: index) { $0.records.eachLeaf { writer.append($0, put) } }
            }
            return writer.finish(put)
        }
    }
}
