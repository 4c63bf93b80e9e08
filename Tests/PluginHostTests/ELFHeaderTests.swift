import Glibc
import Simulation
import TestInput
import Testing

@testable import Instances
@testable import PluginHost

@Suite struct ELFHeaderTests {
    /// A complete library of the system.
    private static let library: [UInt8] = {
        for path in ["/lib/x86_64-linux-gnu/libm.so.6", "/lib/aarch64-linux-gnu/libm.so.6"] {
            let descriptor = open(path, O_RDONLY)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            var bytes = [UInt8](repeating: 0, count: 8 << 20)
            let count = read(descriptor, &bytes, bytes.count)
            return Array(bytes[..<max(count, 0)])
        }
        return []
    }()

    @Test func acceptsAWholeLibrary() {
        #expect(ELFHeader.problem(in: Self.library.span) == nil)
    }

    @Test func refusesEveryTruncation() {
        let whole = Self.library
        var length = 0
        while length < whole.count {
            let cut = Array(whole[..<length])
            #expect(ELFHeader.problem(in: cut.span) != nil, "cut to \(length) bytes")
            length += length < 4_096 ? 1 : 7_919
        }
    }

    @Test func refusesATextFile() {
        let text = Array("#!/bin/sh\n".utf8)
        #expect(ELFHeader.problem(in: text.span)?.contains("not a shared library") == true)
        #expect(ELFHeader.problem(in: [UInt8]().span) == "the file is empty")
    }

    @Test func namesTheMachine() {
        var other = Self.library
        other[18] = 8
        #expect(ELFHeader.problem(in: other.span)?.contains("another machine") == true)
    }

    @Test(arguments: UInt64(1)...4) func neverTrapsOnDamage(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<5_000 {
            var damaged = Array(Self.library[..<min(4_096, Self.library.count)])
            for _ in 0..<4 {
                damaged[Int.random(in: 0..<128, using: &random)] = UInt8.random(in: 0 ... .max, using: &random)
            }
            #expect(ELFHeader.problem(in: damaged.span) != nil, "seed \(seed)")
        }
    }
}
