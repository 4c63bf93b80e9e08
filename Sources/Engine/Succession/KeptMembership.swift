/// That a connection is in a group, where its successor finds it. The name follows.
struct KeptMembership {
    /// The id of the connection.
    var owner: UInt64
    /// Of the same connection.
    var next: UnsafeMutablePointer<KeptMembership>?
    var backlog: UInt64
    var count: UInt32
    var closes: Bool
    /// Over all of it but `next`.
    var seal: UInt64 = 0

    private static let size = MemoryLayout<KeptMembership>.size

    /// nil: there is no memory.
    static func make(
        for connection: ConnectionPointer, _ name: UnsafeRawBufferPointer, _ policy: Membership.Policy, backlog: Int,
        in arena: Arena
    ) -> UnsafeMutablePointer<KeptMembership>? {
        guard let block = arena.allocate(size + name.count) else { return nil }
        if let start = name.baseAddress { (block + size).copyMemory(from: start, byteCount: name.count) }
        let made = block.bindMemory(to: KeptMembership.self, capacity: 1)
        made.initialize(
            to: KeptMembership(
                owner: connection.id.rawValue, next: connection.recovery.pointee.memberships,
                backlog: UInt64(backlog), count: UInt32(name.count), closes: policy == .close))
        made.seal()
        // The last step: until now nobody finds it.
        connection.recovery.pointee.memberships = made
        return made
    }

    fileprivate func expectedSeal(_ name: UnsafeRawBufferPointer) -> UInt64 {
        sealOver(owner, backlog, UInt64(count) << 1 | (closes ? 1 : 0), name.reduce(0) { $0 &* 31 &+ UInt64($1) })
    }

    /// A copy of what another process has written, with the name. nil: no process writes that.
    static func read(_ bytes: (_ count: Int) -> UnsafeRawBufferPointer?) -> (KeptMembership, UnsafeRawBufferPointer)? {
        guard let head = bytes(size), head[MemoryLayout<Self>.offset(of: \.closes)!] <= 1 else { return nil }
        let copy = head.loadUnaligned(as: KeptMembership.self)
        guard copy.count <= 255, let all = bytes(size + Int(copy.count)) else { return nil }
        let name = UnsafeRawBufferPointer(rebasing: all[size...])
        return copy.seal == copy.expectedSeal(name) ? (copy, name) : nil
    }
}

extension UnsafeMutablePointer<KeptMembership> {
    var name: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: UnsafeRawPointer(self) + MemoryLayout<KeptMembership>.size, count: Int(pointee.count))
    }

    func seal() { pointee.seal = pointee.expectedSeal(name) }

    /// Takes it out of the list of its connection.
    func forget(_ connection: ConnectionPointer, in arena: Arena) {
        if connection.recovery.pointee.memberships == self {
            connection.recovery.pointee.memberships = pointee.next
        } else {
            var before = connection.recovery.pointee.memberships
            while let one = before, one.pointee.next != self { before = one.pointee.next }
            before?.pointee.next = pointee.next
        }
        arena.free(self, MemoryLayout<KeptMembership>.size + Int(pointee.count))
    }
}
