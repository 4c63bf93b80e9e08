/// Finds a command by its name, in upper or lower case. Allocated once for each instance, and constant.
final class CommandTable: @unchecked Sendable {
    struct Entry: BitwiseCopyable {
        /// The name in upper case, as two numbers.
        fileprivate var name: PackedName
        let command: Command
        let arity: Int8
        let flags: UInt8

        var isOpen: Bool { flags & CommandDescription.Flags.open.rawValue != 0 }
        var isImmediate: Bool { flags & CommandDescription.Flags.immediate.rawValue != 0 }

        func takes(_ arguments: Int) -> Bool {
            arity >= 0 ? arguments == Int(arity) : arguments >= -Int(arity)
        }
    }

    private static let slots = 512
    private let entries: UnsafeMutablePointer<Entry?>

    init() {
        entries = .allocate(capacity: Self.slots)
        entries.initialize(repeating: nil, count: Self.slots)
        for description in CommandDescription.all {
            let name = Array(description.name.utf8).withUnsafeBytes { PackedName($0) }!
            var slot = name.hash & (Self.slots - 1)
            while entries[slot] != nil { slot = (slot + 1) & (Self.slots - 1) }
            entries[slot] = Entry(
                name: name, command: description.command, arity: Int8(description.arity),
                flags: description.flags.rawValue)
        }
    }

    deinit { entries.deallocate() }

    @inline(__always)
    func find(_ name: UnsafeRawBufferPointer) -> Entry? {
        guard let name = PackedName(name) else { return nil }
        var slot = name.hash & (Self.slots - 1)
        while let entry = entries[slot] {
            if entry.name == name { return entry }
            slot = (slot + 1) & (Self.slots - 1)
        }
        return nil
    }
}

/// A word of up to 16 bytes without the bit that tells lower from upper case.
private struct PackedName: BitwiseCopyable, Equatable {
    var low: UInt64 = 0
    var high: UInt64 = 0

    /// nil: too long, and no name of a command.
    @inline(__always)
    init?(_ text: UnsafeRawBufferPointer) {
        guard text.count <= 16 else { return nil }
        for index in 0..<min(text.count, 8) { low |= UInt64(text[index]) << UInt64(8 * index) }
        if text.count > 8 {
            for index in 8..<text.count { high |= UInt64(text[index]) << UInt64(8 * index - 64) }
        }
        low &= 0xDFDF_DFDF_DFDF_DFDF
        high &= 0xDFDF_DFDF_DFDF_DFDF
    }

    var hash: Int { Int(truncatingIfNeeded: ((low ^ high &* 31) &* 0x9E37_79B9_7F4A_7C15) >> 40) }
}
