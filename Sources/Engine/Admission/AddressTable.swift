import Threads

/// The peer addresses of one listener, on all loops: how many connections each has, and how fast its requests come.
///
/// An address without connections is remembered while its request rate still counts against it. When there are more than
/// `idleLimit` of these, the oldest are forgotten, so that many addresses cost bounded memory.
final class AddressTable: @unchecked Sendable {
    static let idleLimit = 16_384

    private let lock = Monitor()

    // Guarded by the lock.
    private var entries: [AddressKey: AddressEntryPointer] = [:]
    // Entries without connections, from the oldest to the newest.
    private var oldest: AddressEntryPointer?
    private var newest: AddressEntryPointer?
    private var idle = 0

    /// Counts a connection of an address. nil: the address already has `limit` connections (0: no limit).
    func enter(_ key: AddressKey, limit: Int) -> AddressEntryPointer? {
        lock.locked {
            let entry = entries[key] ?? add(key)
            guard limit == 0 || entry.pointee.connections < limit else { return nil }
            if entry.pointee.connections == 0 { unlink(entry) }
            entry.pointee.connections += 1
            return entry
        }
    }

    func leave(_ entry: AddressEntryPointer, at now: UInt64) {
        lock.locked {
            entry.pointee.connections -= 1
            guard entry.pointee.connections == 0 else { return }
            link(entry)
            while let oldest, idle > Self.idleLimit || oldest.pointee.requests.isRested(at: now) {
                unlink(oldest)
                entries[oldest.pointee.key] = nil
                Self.free(oldest)
            }
        }
    }

    /// Addresses that are remembered.
    var count: Int { lock.locked { entries.count } }

    private func add(_ key: AddressKey) -> AddressEntryPointer {
        let entry = AddressEntryPointer.allocate(capacity: 1)
        entry.initialize(to: AddressEntry(key: key))
        entries[key] = entry
        link(entry)
        return entry
    }

    private func link(_ entry: AddressEntryPointer) {
        entry.pointee.older = newest
        entry.pointee.newer = nil
        if let newest { newest.pointee.newer = entry } else { oldest = entry }
        newest = entry
        idle += 1
    }

    private func unlink(_ entry: AddressEntryPointer) {
        let (older, newer) = (entry.pointee.older, entry.pointee.newer)
        if let older { older.pointee.newer = newer } else { oldest = newer }
        if let newer { newer.pointee.older = older } else { newest = older }
        idle -= 1
    }

    private static func free(_ entry: AddressEntryPointer) {
        entry.deinitialize(count: 1)
        entry.deallocate()
    }

    deinit { entries.values.forEach(Self.free) }
}
