import Glibc
import HostInterface
import TestInput
import Testing

@testable import PluginHost

@Suite struct SymbolTableTests {
    /// A library that every process has.
    private var library: (path: String, bytes: [UInt8]) {
        get throws {
            let object = try #require(MappedObject.all.first { $0.path.contains("libgcc_s") })
            return (object.path, try RegularFile.read(object.path, limit: 1 << 26, check: { _, _ in nil }))
        }
    }

    @Test func findsTheFunctionOfAnAddress() throws {
        let library = try library
        let table = try #require(SymbolTable(of: library.path))
        let handle = try #require(dlopen(library.path, RTLD_NOW))
        defer { dlclose(handle) }
        let address = UInt64(UInt(bitPattern: dlsym(handle, "_Unwind_Backtrace")))
        let object = try #require(MappedObject.all.first { ($0.start..<$0.end).contains(address) })
        let found = try #require(table.function(at: address - object.base + 3))
        #expect(found.name == "_Unwind_Backtrace" && found.offset == 3)
        #expect(table.function(at: 0) == nil && table.function(at: .max) == nil)
    }

    @Test func damagedFilesHaveNoSymbolsOrOthers() throws {
        let bytes = try library.bytes
        for count in [0, 1, 63, 64, 4_096, bytes.count - 1] { _ = SymbolTable(Array(bytes.prefix(count))) }
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2_000 {
            var damaged = bytes
            // The header and the section headers decide where everything is.
            for _ in 0..<4 {
                let isHeader = generator.below(2) == 0
                let place = isHeader ? generator.below(64) : bytes.count - 1 - generator.below(2_048)
                damaged[place] = UInt8(generator.below(256))
            }
            if let table = SymbolTable(damaged) { _ = (0..<64).map { table.function(at: UInt64($0) * 997) } }
        }
        #expect(SymbolTable(of: "/nowhere") == nil && SymbolTable(of: "/etc/passwd") == nil)
    }
}
