import Glibc
import Synchronization

/// How far a store has been restored.
struct RestoreState {
    var pieces: UInt32 = 0
    var keys = 0
    var totalKeys: UInt64 = 0
    /// Of the store that was saved; 0: its keys had no versions.
    var lastVersion: UInt64 = 0
    /// An entry of which parts are missing, its header, and how many of its bytes have come.
    var record: Record?
    var header: Record.Header?
    var recordBytes = 0
}

extension SharedStore {
    /// Takes one piece of a saved store, in order. The store must be empty before the first and is not used before the last: after an
    /// error it has a part of the keys, and is of no use.
    ///
    /// - Parameter piece: any bytes; what is not a piece is an error.
    package func restore(_ piece: UnsafeRawBufferPointer) throws(PieceError) {
        let head = try PieceHead(piece)
        var state = restoring.withLock { $0 }
        defer { restoring.withLock { $0 = state } }
        guard head.number == state.pieces else {
            throw .outOfOrder(piece: Int(head.number), expected: Int(state.pieces))
        }
        if head.number == 0 { try begin(head, &state) }
        guard head.order == order, head.totalKeys == state.totalKeys else { throw .otherOrder }
        guard head.lastVersion == state.lastVersion else { throw .malformed("another last version", offset: 40) }
        let payload = UnsafeRawBufferPointer(rebasing: piece[PieceHead.bytes...])
        switch head.kind {
        case .entries: try restoreEntries(payload, head, &state)
        case .part: try restorePart(payload, head, &state)
        }
        state.pieces += 1
    }

    /// Checks that no piece is missing.
    package func finishRestoring() throws(PieceError) {
        let state = restoring.withLock { $0 }
        guard state.pieces > 0, UInt64(state.keys) == state.totalKeys, state.record == nil else {
            throw .incomplete(keys: state.keys, expected: state.totalKeys)
        }
    }

    private func begin(_ head: PieceHead, _ state: inout RestoreState) throws(PieceError) {
        guard size == StoreChange() else { throw .notEmpty }
        guard head.totalBytes <= UInt64(maximumBytes) else {
            throw .tooLarge(bytes: head.totalBytes, limit: maximumBytes)
        }
        guard head.totalKeys <= head.totalBytes / UInt64(Record.overheadBytes) else {
            throw .malformed("more keys than fit into the bytes", offset: 16)
        }
        // Version 1 of a store that has versions now: all keys get the current one.
        guard order.hasVersions || head.lastVersion == 0 else { throw .unknownVersion(Int(PieceHead.versionedVersion)) }
        state.totalKeys = head.totalKeys
        state.lastVersion = head.lastVersion
        let first = shards[0].contents
        first.pointee.lastVersion = max(first.pointee.lastVersion, head.lastVersion)
        // Hashes are spread evenly. A number that is wrong costs at most a few megabytes.
        let expected = Int(min(head.totalKeys, 100_000_000)) / shardCount
        for index in 0..<shardCount { shards[index].contents.pointee.records.reserve(expected) }
    }

    private func restoreEntries(
        _ payload: UnsafeRawBufferPointer, _ head: PieceHead, _ state: inout RestoreState
    ) throws(PieceError) {
        guard state.record == nil else { throw .malformed("entries between the parts of an entry", offset: 6) }
        var offset = 0
        var change = StoreChange()
        defer { report(change) }
        for _ in 0..<head.entries {
            let header = try entryHeader(payload, offset, head)
            guard header.byteCount <= payload.count - offset else {
                throw .malformed("an entry beyond the end", offset: PieceHead.bytes + offset)
            }
            guard let record = makeRecord(header) else { throw .noMemory }
            let bytes = payload[offset..<offset + header.byteCount]
            record.restore(UnsafeRawBufferPointer(rebasing: bytes), at: 0, of: header)
            try add(record, offset, &state, &change)
            offset += PieceHead.paddedBytes(header.byteCount)
        }
        guard offset == payload.count else {
            throw .malformed("bytes behind the last entry", offset: PieceHead.bytes + offset)
        }
    }

    private func restorePart(
        _ payload: UnsafeRawBufferPointer, _ head: PieceHead, _ state: inout RestoreState
    ) throws(PieceError) {
        let offset = Int(head.entries)
        guard !payload.isEmpty else { throw .malformed("an empty part", offset: PieceHead.bytes) }
        if offset == 0, state.record == nil {
            let header = try entryHeader(payload, 0, head)
            guard header.byteCount <= maximumBytes else { throw .malformed("an entry beyond the limit", offset: 0) }
            guard let record = makeRecord(header) else { throw .noMemory }
            (state.record, state.header, state.recordBytes) = (record, header, 0)
        }
        guard let record = state.record, let header = state.header, offset == state.recordBytes,
            payload.count <= header.byteCount - offset
        else { throw .malformed("a part that does not continue the last one", offset: 12) }
        record.restore(payload, at: offset, of: header)
        state.recordBytes += payload.count
        guard state.recordBytes == header.byteCount else { return }
        (state.record, state.recordBytes) = (nil, 0)
        var change = StoreChange()
        defer { report(change) }
        try add(record, 0, &state, &change)
    }

    /// Memory for an entry. In a store with versions it has room for one, and the current one if the entry has none.
    private func makeRecord(_ header: Record.Header) -> Record? {
        var own = header
        own.flags = Record.Header.flags(isVersioned: order.hasVersions, expires: header.expires)
        let record = Record(header: own)
        if order.hasVersions { record?.version = shards[0].contents.pointee.lastVersion }
        return record
    }

    private func entryHeader(
        _ payload: UnsafeRawBufferPointer, _ offset: Int, _ head: PieceHead
    ) throws(PieceError) -> Record.Header {
        guard payload.count - offset >= Record.Header.bytes else {
            throw .malformed("an entry without a header", offset: PieceHead.bytes + offset)
        }
        let header = payload.loadUnaligned(fromByteOffset: offset, as: Record.Header.self)
        guard head.flags.contains(header.flags) else {
            throw .malformed("unknown flags", offset: PieceHead.bytes + offset)
        }
        return header
    }

    /// Takes over the record, also when it throws.
    private func add(
        _ record: Record, _ offset: Int, _ state: inout RestoreState, _ change: inout StoreChange
    ) throws(PieceError) {
        func refuse(_ error: PieceError) -> PieceError {
            record.deallocate()
            return error
        }
        let place = PieceHead.bytes + offset
        guard !record.header.expires || record.deadline > 0 else {
            throw refuse(.malformed("no deadline", offset: place))
        }
        guard !order.hasVersions || 1...shards[0].contents.pointee.lastVersion ~= record.version else {
            throw refuse(.malformed("a version that no key can have", offset: place))
        }
        let bytes = record.storedBytes
        guard claim(bytes) else { throw refuse(.tooLarge(bytes: UInt64(size.bytes + bytes), limit: maximumBytes)) }
        let leading = order.leading(record.key)
        let shard = shards[shard(of: leading)]
        let isInOrder = shard.pointee.lock.withLock { _ in shard.contents.pointee.append(record, leading: leading) }
        guard isInOrder else {
            release(bytes)
            throw refuse(.malformed("an entry that is not behind the one before", offset: place))
        }
        state.keys += 1
        change.keys += 1
        change.bytes += bytes
    }
}

extension Record {
    /// Copies a part of an entry to where it belongs. The record keeps its own header, and may have a version that the entry lacks.
    ///
    /// - Parameter offset: of the part in the entry. The first part contains the header.
    fileprivate func restore(_ part: UnsafeRawBufferPointer, at offset: Int, of header: Header) {
        let shift = self.header.prefixBytes - header.prefixBytes
        let skipped = offset == 0 ? Header.bytes : 0
        memcpy(base + offset + skipped + shift, part.baseAddress! + skipped, part.count - skipped)
    }
}
