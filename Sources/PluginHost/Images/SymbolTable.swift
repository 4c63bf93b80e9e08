/// The functions of a program or library, by their addresses: the section `.symtab`, or else `.dynsym`. elf(5)
///
/// Any bytes may be given: what is not in order has no symbols.
package struct SymbolTable: Sendable {
    private struct Function {
        let start: UInt64
        let size: UInt64
        /// Offset of its name in the file.
        let name: Int
    }

    private let bytes: [UInt8]
    /// Ascending.
    private let functions: [Function]

    /// Complete files are larger than what is loaded.
    private static let sizeLimit = 512 << 20

    /// nil: the file cannot be read or has no functions.
    package init?(of file: String) {
        guard let bytes = try? RegularFile.read(file, limit: Self.sizeLimit, check: { _, _ in nil }) else { return nil }
        self.init(bytes)
    }

    init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        let found = Self.functions(in: bytes, type: 2) ?? Self.functions(in: bytes, type: 11)
        guard let found, !found.isEmpty else { return nil }
        functions = found.sorted { $0.start < $1.start }
    }

    /// The function at an address of the file, as its compiler named it, and the offset in it.
    package func function(at address: UInt64) -> (name: String, offset: UInt64)? {
        var (low, high) = (0, functions.count)
        while low < high {
            let middle = (low + high) / 2
            if functions[middle].start <= address { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let function = functions[low - 1]
        let offset = address - function.start
        guard offset < max(function.size, 1) else { return nil }
        let end = bytes[function.name...].prefix(4_096).firstIndex(of: 0) ?? function.name
        return (String(decoding: bytes[function.name..<end], as: UTF8.self), offset)
    }

    /// - Parameter type: SHT_SYMTAB or SHT_DYNSYM.
    private static func functions(in bytes: [UInt8], type: UInt64) -> [Function]? {
        guard bytes.count >= 64, bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else { return nil }
        let sections = integer(bytes, 40, 8)
        let (size, count) = (integer(bytes, 58, 2) ?? 0, integer(bytes, 60, 2) ?? 0)
        guard let sections, size >= 64 else { return nil }
        /// A field of a section header.
        func field(_ section: UInt64, _ offset: UInt64, _ width: Int) -> UInt64? {
            guard section < count else { return nil }
            return integer(bytes, sections &+ section * size &+ offset, width)
        }
        guard let table = (0..<count).first(where: { field($0, 4, 4) == type }),
            let start = field(table, 24, 8), let length = field(table, 32, 8), let names = field(table, 40, 4),
            let text = field(names, 24, 8), let textLength = field(names, 32, 8),
            end(start, length) <= bytes.count, end(text, textLength) <= bytes.count
        else { return nil }
        var functions: [Function] = []
        for symbol in 0..<(length / 24) {
            let entry = start + symbol * 24
            guard let name = integer(bytes, entry, 4), let info = integer(bytes, entry + 4, 1),
                let address = integer(bytes, entry + 8, 8), let size = integer(bytes, entry + 16, 8)
            else { return nil }
            // STT_FUNC with a place in the file.
            guard info & 15 == 2, address != 0, name < textLength else { continue }
            functions.append(Function(start: address, size: size, name: Int(text + name)))
        }
        return functions
    }

    private static func end(_ start: UInt64, _ length: UInt64) -> UInt64 {
        let (end, overflow) = start.addingReportingOverflow(length)
        return overflow ? .max : end
    }

    /// nil: it is not in the file.
    private static func integer(_ bytes: [UInt8], _ offset: UInt64, _ width: Int) -> UInt64? {
        guard end(offset, UInt64(width)) <= bytes.count else { return nil }
        return bytes[Int(offset)..<Int(offset) + width].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
