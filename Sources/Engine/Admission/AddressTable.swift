import Synchronization

/// The peer addresses of one listener, on all loops: how many connections each has, and how fast its requests come.
///
/// An address without connections is remembered while its request rate still counts against it. When there are more than
/// `idleLimit` of these, the oldest are forgotten, so that many addresses cost bounded memory.
final class AddressTable: Sendable {
    static let idleLimit = 16_384

    private struct State: ~Copyable {
        var entries: [AddressKey: AddressEntryPointer] = [:]
        // Entries without connections, from the oldest to the newest.
        var oldest: AddressEntryPointer?
        var newest: AddressEntryPointer?
        var idle = 0
    }

    private let state = Mutex(State())

    /// Counts a connection of an address. nil: the address already has `limit` connections (0: no limit).
    func enter(_ key: AddressKey, limit: Int) -> AddressEntryPointer? {
        state.withLock { state in
            let entry = state.entries[key] ?? Self.add(key, &state)
            guard limit == 0 || entry.memory.pointee.connections < limit else { return nil }
            if entry.memory.pointee.connections == 0 { Self.unlink(entry, &state) }
            entry.memory.pointee.connections += 1
            return entry
        }
    }

    func leave(_ entry: AddressEntryPointer, at now: UInt64) {
        state.withLock { state in
            entry.memory.pointee.connections -= 1
            guard entry.memory.pointee.connections == 0 else { return }
            Self.link(entry, &state)
            while let oldest = state.oldest,
                state.idle > Self.idleLimit || oldest.memory.pointee.requests.isRested(at: now)
            {
                Self.forget(oldest, &state)
            }
        }
    }

    /// Addresses that are remembered.
    var count: Int { state.withLock { $0.entries.count } }

    private static func add(_ key: AddressKey, _ state: inout State) -> AddressEntryPointer {
        let entry = AddressEntryPointer(key)
        state.entries[key] = entry
        link(entry, &state)
        return entry
    }

    private static func link(_ entry: AddressEntryPointer, _ state: inout State) {
        entry.memory.pointee.older = state.newest
        entry.memory.pointee.newer = nil
        if let newest = state.newest { newest.memory.pointee.newer = entry } else { state.oldest = entry }
        state.newest = entry
        state.idle += 1
    }

    private static func unlink(_ entry: AddressEntryPointer, _ state: inout State) {
        if let older = entry.memory.pointee.older {
            older.memory.pointee.newer = entry.memory.pointee.newer
        } else {
            state.oldest = entry.memory.pointee.newer
        }
        if let newer = entry.memory.pointee.newer {
            newer.memory.pointee.older = entry.memory.pointee.older
        } else {
            state.newest = entry.memory.pointee.older
        }
        state.idle -= 1
    }

    private static func forget(_ entry: AddressEntryPointer, _ state: inout State) {
        unlink(entry, &state)
        state.entries[entry.memory.pointee.key] = nil
        entry.release()
    }

    deinit {
        state.withLock { state in
            for entry in state.entries.values { entry.release() }
        }
    }
}
