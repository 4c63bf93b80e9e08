/// A listener's record of one peer address, or one IPv6 /64. It does not move while a connection refers to it. The table's lock guards
/// it, except for the clock, which any thread may use.
struct AddressEntry: ~Copyable {
    let key: AddressKey
    /// Requests of its connections, on all loops.
    let requests = RateClock()

    var connections = 0
    var older: AddressEntryPointer?
    var newer: AddressEntryPointer?
}

typealias AddressEntryPointer = UnsafeMutablePointer<AddressEntry>
