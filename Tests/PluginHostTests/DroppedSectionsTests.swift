import Glibc
import Testing

@testable import Instances
@testable import PluginHost

/// A private copy ends after the last loaded segment.
@Suite struct DroppedSectionsTests {
    /// A header and one program header for each segment, in a file of `size` bytes.
    private func library(_ segments: [(type: UInt32, offset: UInt64, size: UInt64)], size: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xEE, count: size)
        func set(_ value: UInt64, _ offset: Int, _ count: Int) {
            for index in 0..<count { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
        }
        for (index, byte) in ([0x7F, 0x45, 0x4C, 0x46, 2, 1] as [UInt8]).enumerated() { bytes[index] = byte }
        set(3, 16, 2)
        #if arch(x86_64)
            set(62, 18, 2)
        #else
            set(183, 18, 2)
        #endif
        set(64, 32, 8)
        set(UInt64(size) - 128, 40, 8)
        set(56, 54, 2)
        set(UInt64(segments.count), 56, 2)
        set(64, 58, 2)
        set(2, 60, 2)
        set(1, 62, 2)
        for (index, segment) in segments.enumerated() {
            set(UInt64(segment.type), 64 + 56 * index, 4)
            set(segment.offset, 64 + 56 * index + 8, 8)
            set(segment.size, 64 + 56 * index + 32, 8)
        }
        return bytes
    }

    @Test func cutsAfterTheLastLoadedSegment() {
        let whole = library([(1, 0, 400), (1, 600, 50), (4, 900, 50)], size: 2_000)
        #expect(ELFHeader.problem(in: whole.span) == nil)
        var cut = whole
        ELFHeader.dropSections(of: &cut)
        #expect(cut.count == 650)
        #expect(Array(cut[40..<48]) == [UInt8](repeating: 0, count: 8))
        #expect(Array(cut[60..<64]) == [0, 0, 0, 0])
        // Everything else is unchanged.
        #expect(cut[..<40] == whole[..<40] && cut[48..<60] == whole[48..<60] && cut[64...] == whole[64..<650])
        #expect(ELFHeader.problem(in: cut.span) == nil)
    }

    @Test func keepsTheProgramHeaders() {
        var cut = library([(1, 0, 70), (4, 900, 50)], size: 2_000)
        ELFHeader.dropSections(of: &cut)
        #expect(cut.count == 64 + 2 * 56)
        var empty = library([(4, 900, 50)], size: 2_000)
        ELFHeader.dropSections(of: &empty)
        #expect(empty.count == 64 + 56)
    }

    /// The output of a real linker, cut twice, because a copy may be copied.
    @Test func aLibraryOfTheSystemStillLoads() throws {
        let path: String? = ["/lib/x86_64-linux-gnu/libm.so.6", "/lib/aarch64-linux-gnu/libm.so.6"].first {
            access($0, R_OK) == 0
        }
        var bytes = try RegularFile.read(try #require(path), limit: 64 << 20, check: { _, _ in nil })
        let size = bytes.count
        ELFHeader.dropSections(of: &bytes)
        #expect(bytes.count < size)
        let once = bytes
        ELFHeader.dropSections(of: &bytes)
        #expect(bytes == once)
        let folder = TrustFolder()
        folder.write("libm.so", bytes)
        let handle = try #require(dlopen(folder.path("libm.so"), RTLD_NOW | RTLD_LOCAL))
        defer { dlclose(handle) }
        let symbol = try #require(dlsym(handle, "cos"))
        #expect(unsafeBitCast(symbol, to: (@convention(c) (Double) -> Double).self)(0) == 1)
    }
}
