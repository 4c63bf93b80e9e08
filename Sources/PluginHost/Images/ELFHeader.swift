/// Checks a shared library by its headers and its size, without loading it: elf(5).
///
/// It reports the usual accidents (a text file, a half-copied library, one for another machine) in plain words. The probe may still
/// refuse a file that passes.
package enum ELFHeader {
    static let headerSize = 64
    private static let programHeaderSize = 56
    private static let loadSegment: UInt32 = 1

    #if arch(x86_64)
        private static let machine: UInt16 = 62
        private static let machineName = "x86-64"
    #elseif arch(arm64)
        private static let machine: UInt16 = 183
        private static let machineName = "aarch64"
    #endif

    /// Why these bytes are not a complete shared library for this machine; nil when they may be one.
    package static func problem(in bytes: Span<UInt8>) -> String? {
        guard bytes.count > 0 else { return "the file is empty" }
        guard bytes.count >= 4, bytes[0] == 0x7F, bytes[1] == 0x45, bytes[2] == 0x4C, bytes[3] == 0x46 else {
            return "not a shared library: it does not begin with the ELF magic number"
        }
        guard bytes.count >= headerSize else { return "truncated: \(bytes.count) bytes are less than an ELF header" }
        guard bytes[4] == 2, bytes[5] == 1 else { return "not a 64-bit little-endian library" }
        let found = integer(bytes, 18, 2)
        guard found == UInt64(machine) else {
            return "built for another machine: expected \(machineName) (\(machine)), found ELF machine \(found)"
        }
        guard integer(bytes, 16, 2) == 3 else {
            return "not a shared library (ELF type \(integer(bytes, 16, 2)), expected 3)"
        }
        return problemInSegments(of: bytes)
    }

    private static func problemInSegments(of bytes: Span<UInt8>) -> String? {
        let size = UInt64(bytes.count)
        let table = integer(bytes, 32, 8)
        let count = integer(bytes, 56, 2)
        guard integer(bytes, 54, 2) == UInt64(programHeaderSize) else { return "damaged: bad size of program headers" }
        let (end, overflow) = table.addingReportingOverflow(count * UInt64(programHeaderSize))
        guard !overflow, end <= size else { return truncated(size, end) }
        for index in 0..<Int(count) {
            let entry = Int(table) + index * programHeaderSize
            guard integer(bytes, entry, 4) == UInt64(loadSegment) else { continue }
            let (end, overflow) = integer(bytes, entry + 8, 8).addingReportingOverflow(integer(bytes, entry + 32, 8))
            guard !overflow, end <= size else { return truncated(size, end) }
        }
        // Linkers write the section headers at the end of the file, so their absence shows that the copy is not complete.
        let (sections, tooFar) = integer(bytes, 40, 8).addingReportingOverflow(
            integer(bytes, 58, 2) * integer(bytes, 60, 2))
        guard !tooFar, sections <= size else { return truncated(size, sections) }
        return nil
    }

    /// The end of the last loaded segment, or of the headers if they end later. Symbols and other sections follow, which the loader
    /// does not read. Precondition: `problem(in:)` is nil.
    static func loadableEnd(of bytes: Span<UInt8>) -> Int {
        let table = Int(integer(bytes, 32, 8))
        let count = Int(integer(bytes, 56, 2))
        return (0..<count).reduce(max(headerSize, table + count * programHeaderSize)) { end, index in
            let entry = table + index * programHeaderSize
            guard integer(bytes, entry, 4) == UInt64(loadSegment) else { return end }
            return max(end, Int(integer(bytes, entry + 8, 8) + integer(bytes, entry + 32, 8)))
        }
    }

    /// Cuts a library after its last loaded segment. Its header then names no sections. Precondition: `problem(in:)` is nil.
    package static func dropSections(of bytes: inout [UInt8]) {
        bytes.removeSubrange(loadableEnd(of: bytes.span)...)
        // e_shoff, then e_shnum and e_shstrndx.
        for offset in [40..<48, 60..<64].joined() { bytes[offset] = 0 }
    }

    private static func truncated(_ size: UInt64, _ end: UInt64) -> String {
        "truncated: the file has \(size) bytes, its headers expect \(end); copy it again"
    }

    private static func integer(_ bytes: Span<UInt8>, _ offset: Int, _ size: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<size { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
        return value
    }
}
