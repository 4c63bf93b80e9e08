/// What is left of a connection whose process has died: checked, and still in the file of that process.
package struct Remains {
    enum Piece {
        case bytes(UnsafeRawBufferPointer)
        /// Descriptor numbers are those of the dead process.
        case file(Int32, offset: UInt64, count: Int)
    }

    /// A copy, in a state in which it can go on. Its descriptor is that of the dead process.
    var slot: ConnectionSlot
    var record: RecoveryRecord
    /// What the record keeps.
    var kept: UnsafeRawBufferPointer
    var input: UnsafeRawBufferPointer
    var output: [Piece]
    var groups: [Group]

    struct Group {
        var name: UnsafeRawBufferPointer
        var closes: Bool
        var backlog: Int
    }

    /// The descriptors that it needs, as the dead process knew them.
    package var descriptors: [Int32] {
        [slot.descriptor]
            + output.compactMap { piece in
                if case .file(let descriptor, _, _) = piece { descriptor } else { nil }
            }
    }
}
