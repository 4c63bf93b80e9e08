/// Names a value of a table. An id is not used again before 2³² values have been in its slot.
struct SlotID: Hashable, Sendable, BitwiseCopyable {
    let slot: UInt32
    let generation: UInt32
}

/// Values with ids. Finding, adding and removing one takes one step.
struct SlotTable<Value> {
    private struct Slot {
        var generation: UInt32 = 0
        var value: Value?
    }

    private var slots: [Slot] = []
    private var free: [UInt32] = []
    /// Empty, but not used before `recycle`.
    private var retired: [UInt32] = []

    var count: Int { slots.count - free.count - retired.count }
    var isEmpty: Bool { count == 0 }

    mutating func insert(_ value: Value) -> SlotID {
        if let slot = free.popLast() {
            slots[Int(slot)].value = value
            return SlotID(slot: slot, generation: slots[Int(slot)].generation)
        }
        slots.append(Slot(value: value))
        return SlotID(slot: UInt32(slots.count - 1), generation: 0)
    }

    /// nil: it was removed.
    subscript(id: SlotID) -> Value? {
        // Not `get`, which would copy a whole connection to read one of its fields.
        _read {
            if slots[Int(id.slot)].generation == id.generation {
                yield slots[Int(id.slot)].value
            } else {
                yield nil
            }
        }
        _modify {
            if slots[Int(id.slot)].generation == id.generation {
                yield &slots[Int(id.slot)].value
            } else {
                var none: Value?
                yield &none
            }
        }
    }

    @discardableResult
    mutating func remove(_ id: SlotID) -> Value? {
        guard slots[Int(id.slot)].generation == id.generation else { return nil }
        guard let value = slots[Int(id.slot)].value.take() else { return nil }
        slots[Int(id.slot)].generation &+= 1
        retired.append(id.slot)
        return value
    }

    /// Lets the slots of removed values be used again, for owners that keep something by slot and must see the removal first.
    mutating func recycle() {
        free += retired
        retired.removeAll(keepingCapacity: true)
    }

    /// The ids of all values, in no order.
    var ids: [SlotID] { ids { _ in true } }

    func ids(where isWanted: (Value) -> Bool) -> [SlotID] {
        var found: [SlotID] = []
        for (index, slot) in slots.enumerated() {
            if let value = slot.value, isWanted(value) {
                found.append(SlotID(slot: UInt32(index), generation: slot.generation))
            }
        }
        return found
    }

    /// Calls a function with each value, in no order, without copying it.
    func visit(_ body: (SlotID, borrowing Value) -> Void) {
        for index in slots.indices where slots[index].value != nil {
            body(SlotID(slot: UInt32(index), generation: slots[index].generation), slots[index].value!)
        }
    }
}
