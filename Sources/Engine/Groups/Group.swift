/// The members of a named group of connections, on all loops.
package final class Group: @unchecked Sendable {
    let name: ContiguousArray<UInt8>
    /// For each loop: the places of its members in the memberships of that loop. Only the loop uses its own.
    private let members: UnsafeMutableBufferPointer<ContiguousArray<UInt32>>

    // Guarded by the directory.
    /// Members on each loop.
    var counts: ContiguousArray<Int>
    var count = 0
    /// Messages that were sent to it so far.
    var sent: UInt64 = 0
    /// The next group with the same hash.
    var next: Group?

    init(name: UnsafeRawBufferPointer, loopCount: Int) {
        self.name = ContiguousArray(name)
        members = .allocate(capacity: loopCount)
        members.initialize(repeating: [])
        counts = ContiguousArray(repeating: 0, count: loopCount)
    }

    deinit {
        members.deinitialize()
        members.deallocate()
    }

    func members(on loop: UInt32) -> UnsafeMutablePointer<ContiguousArray<UInt32>> {
        members.baseAddress! + Int(loop)
    }

    func hasName(_ other: UnsafeRawBufferPointer) -> Bool {
        name.count == other.count && name.elementsEqual(other)
    }
}
