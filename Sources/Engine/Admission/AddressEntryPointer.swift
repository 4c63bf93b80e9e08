/// A pointer to an entry. The table's lock guards the entry, except for the clock, which any thread may use.
struct AddressEntryPointer: @unchecked Sendable, Equatable {
    let memory: UnsafeMutablePointer<AddressEntry>

    init(_ key: AddressKey) {
        memory = .allocate(capacity: 1)
        memory.initialize(to: AddressEntry(key))
    }

    func release() {
        memory.deinitialize(count: 1)
        memory.deallocate()
    }
}
