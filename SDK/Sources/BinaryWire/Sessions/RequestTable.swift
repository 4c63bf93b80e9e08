/// The requests in flight, by id. An id is its slot plus a multiple of the capacity. So a lookup is one comparison, and an old id
/// does not match the next request in its slot.
struct RequestTable: Sendable {
    private var slots: [Slot]
    private let mask: UInt32
    private var nextID: UInt32
    private(set) var count = 0

    private struct Slot {
        /// 0 means free.
        var id: UInt32 = 0
        var opcode: Opcode = .ping
    }

    /// - Parameter capacity: rounded up to a power of two, at most 65,536.
    init(capacity: Int, firstID: UInt32 = 1) {
        nextID = firstID
        let bounded = UInt32(max(1, min(capacity, 65_536)))
        let size = bounded.nonzeroBitCount == 1 ? bounded : 1 << (32 - UInt32(bounded.leadingZeroBitCount))
        mask = size - 1
        slots = Array(repeating: Slot(), count: Int(size))
    }

    /// Returns nil when all slots are in flight.
    mutating func claim(_ opcode: Opcode) -> UInt32? {
        guard count < slots.count else { return nil }
        // 0 is for frames that answer nothing. A slow request may still occupy its slot: skip it.
        while nextID == 0 || slots[Int(nextID & mask)].id != 0 { nextID &+= 1 }
        let id = nextID
        slots[Int(id & mask)] = Slot(id: id, opcode: opcode)
        nextID &+= 1
        count += 1
        return id
    }

    func opcode(of id: UInt32) -> Opcode? {
        let slot = slots[Int(id & mask)]
        return id != 0 && slot.id == id ? slot.opcode : nil
    }

    mutating func release(_ id: UInt32) {
        guard opcode(of: id) != nil else { return }
        slots[Int(id & mask)].id = 0
        count -= 1
    }
}
