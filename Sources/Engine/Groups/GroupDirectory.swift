import Synchronization

/// The groups of a listener that have members, by name. All its generations share them.
package final class GroupDirectory: Sendable {
    /// By the hash of the name. Names that peers choose cannot collide on purpose: the hash is seeded for each process.
    private let groups = Mutex<[Int: Group]>([:])

    /// Where a message to a group has to go.
    package struct Destination: Sendable {
        package let group: Group
        /// The loops that have members.
        package let loops: [Int]
        /// The number of the message, from 1.
        package let message: UInt64
    }

    /// Numbers a message. nil: the group has no members.
    package func destination(of name: UnsafeRawBufferPointer) -> Destination? {
        groups.withLock { groups in
            guard let group = Self.find(name, in: groups) else { return nil }
            group.sent += 1
            // A list of its own: the counts change as soon as the lock is free.
            let loops = group.counts.indices.filter { group.counts[$0] > 0 }
            return Destination(group: group, loops: loops, message: group.sent)
        }
    }

    /// The number of members on all loops.
    package func count(of name: UnsafeRawBufferPointer) -> Int {
        groups.withLock { groups in Self.find(name, in: groups)?.count ?? 0 }
    }

    /// No connection is in a group.
    var isEmpty: Bool { groups.withLock { $0.isEmpty } }

    /// A new member of a group: it counts, and its loop gets the messages that follow.
    package struct Entry: Sendable {
        let group: Group
        /// Messages that were sent before.
        let sent: UInt64
    }

    /// Counts one more member on a loop.
    package func enter(_ name: UnsafeRawBufferPointer, loop: UInt32, loopCount: Int) -> Entry {
        groups.withLock { groups in
            let group = Self.find(name, in: groups) ?? Self.make(name, loopCount, in: &groups)
            group.counts[Int(loop)] += 1
            group.count += 1
            return Entry(group: group, sent: group.sent)
        }
    }

    /// Takes back an entry that has not led to a membership.
    package func leave(_ entry: Entry, loop: UInt32) { leave(entry.group, loop: loop) }

    /// The counterpart of `enter`. A group without members is forgotten.
    func leave(_ group: Group, loop: UInt32) {
        groups.withLock { groups in
            group.counts[Int(loop)] -= 1
            group.count -= 1
            guard group.count == 0 else { return }
            let hash = group.name.withUnsafeBytes(Self.hash)
            guard let first = groups[hash], first !== group else {
                groups[hash] = group.next
                return
            }
            var before = first
            while let next = before.next, next !== group { before = next }
            before.next = group.next
        }
    }

    private static func hash(_ name: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: name)
        return hasher.finalize()
    }

    private static func find(_ name: UnsafeRawBufferPointer, in groups: [Int: Group]) -> Group? {
        var group = groups[hash(name)]
        while let found = group, !found.hasName(name) { group = found.next }
        return group
    }

    private static func make(
        _ name: UnsafeRawBufferPointer, _ loopCount: Int, in groups: inout [Int: Group]
    ) -> Group {
        let (group, hash) = (Group(name: name, loopCount: loopCount), hash(name))
        group.next = groups[hash]
        groups[hash] = group
        return group
    }
}
