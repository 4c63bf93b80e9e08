/// A listener's record of one peer address, or one IPv6 /64. It does not move while a connection refers to it.
struct AddressEntry: ~Copyable {
    let key: AddressKey
    /// Requests of its connections, on all loops.
    let requests = RateClock()

    // Guarded by the table's lock.
    var connections = 0
    var older: AddressEntryPointer?
    var newer: AddressEntryPointer?

    init(_ key: AddressKey) { self.key = key }
}
