import Glibc
import Testing

@testable import Instances
@testable import PluginHost

@Suite struct NewFileTests {
    @Test func replacesWholeFilesAndLeavesNothingElse() throws {
        let folder = TrustFolder()
        // More than one write(2) writes.
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
        for isSynced in [true, false] {
            try NewFile.replace(folder.path("file"), bytes, mode: 0o640, isSynced: isSynced)
            #expect(try RegularFile.read(folder.path("file"), limit: 1 << 20, check: { _, _ in nil }) == bytes)
            #expect(folder.mode("file") == 0o640)
            #expect(folder.names == ["file"])
        }
    }

    @Test func aFullDiskIsReported() throws {
        let descriptor = open("/dev/full", O_WRONLY)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        #expect(NewFile.writeProblem(descriptor, [1, 2, 3]) == "No space left on device")
    }

    @Test func afterAFailureTheOldFileRemains() {
        let folder = TrustFolder()
        folder.makeFolder("taken")
        folder.write("taken/inside", "x")
        #expect(throws: FileProblem.self) { try NewFile.replace(folder.path("taken"), "text", mode: 0o600) }
        #expect(folder.names == ["taken"])
        #expect(throws: FileProblem.self) { try NewFile.replace(folder.path("missing/file"), "text", mode: 0o600) }
    }
}
