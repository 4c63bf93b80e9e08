import Glibc

/// What becomes of a key.
package enum Edit {
    case keep
    case remove
    /// Ignored if there is no such key; 0: it never expires.
    case expire(at: Int64)
    /// The key has this value from now on, which must not be part of the store.
    case replace(UnsafeRawBufferPointer, deadline: Int64)
    /// These bytes replace those of the value from an offset on; zeros fill a gap before them. The deadline stays.
    case splice(UnsafeRawBufferPointer, at: Int)
}

package enum EditOutcome: Equatable, Sendable {
    case done
    /// The store has no room for it. Nothing has changed.
    case full
    /// No memory, or larger than a store allows. Nothing has changed.
    case noMemory
}

/// Where an edit applies: the position of a key, and its record if there is one.
struct EditPlace {
    let search: SearchKey
    let position: OrderedRecords.Position
    let record: Record?
}

extension SharedStore {
    /// - Parameter claimed: the bytes that were taken from the store's limit.
    @inline(__always)
    func apply(
        _ edit: Edit, to shard: inout ShardContents, at place: EditPlace, _ claimed: inout Int,
        _ effects: inout StoreEffects
    ) -> EditOutcome {
        switch edit {
        case .keep: return .done
        case .remove:
            if let record = place.record { shard.remove(record, at: place.position, as: .deleted, &effects) }
            return .done
        case .expire(let deadline):
            guard let record = place.record, record.deadline != deadline else { return .done }
            let size = NewSize(valueBytes: record.valueBytes, deadline: deadline)
            return write(size, to: &shard, at: place, &claimed, &effects) { new in
                if new.base != record.base { new.copyValue(from: UnsafeRawBufferPointer(record.value)) }
            }
        case .replace(let value, let deadline):
            let size = NewSize(valueBytes: value.count, deadline: deadline)
            return write(size, to: &shard, at: place, &claimed, &effects) { $0.copyValue(from: value) }
        case .splice(let bytes, let offset):
            let old = place.record?.valueBytes ?? 0
            let (end, overflow) = offset.addingReportingOverflow(bytes.count)
            guard offset >= 0, !overflow else { return .noMemory }
            let size = NewSize(valueBytes: max(old, end), deadline: place.record?.deadline ?? 0)
            return write(size, to: &shard, at: place, &claimed, &effects) { new in
                new.splice(bytes, at: offset, oldBytes: old, from: place.record)
            }
        }
    }

    private struct NewSize {
        let valueBytes: Int
        let deadline: Int64
    }

    /// Gives the key a record of the new size: the one that it has, if its block can hold it, else another. `fill` writes the
    /// value; the old record still exists then.
    @inline(__always)
    private func write(
        _ size: NewSize, to shard: inout ShardContents, at place: EditPlace, _ claimed: inout Int,
        _ effects: inout StoreEffects, _ fill: (Record) -> Void
    ) -> EditOutcome {
        let new =
            place.search.bytes.count + size.valueBytes + Record.overheadBytes + (size.deadline == 0 ? 0 : 8)
            + shard.versionBytes
        let growth = new - (place.record?.storedBytes ?? 0)
        if growth != 0 {
            guard claim(growth) else { return .full }
            claimed += growth
        }
        if let record = place.record {
            if shard.resize(record, valueBytes: size.valueBytes, deadline: size.deadline, &effects) {
                fill(record)
                return .done
            }
        }
        guard
            let record = Record(
                key: place.search.bytes, valueBytes: size.valueBytes, deadline: size.deadline,
                isVersioned: shard.versionBytes > 0)
        else { return .noMemory }
        fill(record)
        if place.record != nil {
            shard.replace(at: place.position, with: record, &effects)
        } else {
            shard.insert(record, place.search.leading, at: place.position, &effects)
        }
        return .done
    }
}

extension Record {
    /// Writes a spliced value: into a new record, or into the old one, which has been resized.
    fileprivate func splice(_ bytes: UnsafeRawBufferPointer, at offset: Int, oldBytes: Int, from old: Record?) {
        guard let start = value.baseAddress else { return }
        if let old, old.base != base, let from = old.value.baseAddress { memcpy(start, from, oldBytes) }
        if offset > oldBytes { memset(start + oldBytes, 0, offset - oldBytes) }
        if let from = bytes.baseAddress { memcpy(start + offset, from, bytes.count) }
    }
}
