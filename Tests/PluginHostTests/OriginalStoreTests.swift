import Glibc
import Testing

@testable import Instances
@testable import PluginHost

@Suite struct OriginalStoreTests {
    private let folder = TrustFolder()
    private let one = String(repeating: "a1", count: 32)
    private let other = String(repeating: "b2", count: 32)

    private func store() throws -> OriginalStore { try OriginalStore(directory: folder.path("images")) }

    @Test func keepsAFileOnceWithItsSignature() throws {
        let store = try store()
        #expect(folder.mode("images") == 0o700)
        folder.write("x.so", "content")
        store.keep(Array("content".utf8), hash: one, signatureOf: folder.path("x.so"))
        #expect(folder.text("images/\(one).so") == "content")
        #expect(!folder.names.contains("\(one).so.sig"))
        folder.write("x.so.sig", "signature")
        store.keep(Array("content".utf8), hash: one, signatureOf: folder.path("x.so"))
        #expect(folder.text("images/\(one).so.sig") == "signature")
        // Signed again, by another key.
        folder.write("x.so.sig", "another")
        store.keep(Array("content".utf8), hash: one, signatureOf: folder.path("x.so"))
        #expect(folder.text("images/\(one).so.sig") == "another")
        #expect(store.takeProblem() == nil)
        try store.sync(one)
    }

    @Test func repairsAFileThatACrashOfTheMachineTruncated() throws {
        let store = try store()
        folder.write("images/\(one).so", "")
        store.keep(Array("content".utf8), hash: one, signatureOf: folder.path("x.so"))
        #expect(folder.text("images/\(one).so") == "content")
    }

    @Test func removesUnneededFilesAndNoForeignOnes() throws {
        let store = try store()
        for name in ["\(one).so", "\(one).so.sig", "\(other).so", "\(other).so.sig", "\(one).so.Xa3f9Q", "holiday.so"] {
            folder.write("images/" + name, "x")
        }
        store.removeAll(except: [one])
        #expect(TrustFolder.list(folder.path("images")) == ["\(one).so", "\(one).so.sig", "holiday.so"])
    }

    @Test func reportsOnceWhyAFileIsNotKept() throws {
        let store = try store()
        rmdir(folder.path("images"))
        store.keep([1], hash: one, signatureOf: folder.path("x.so"))
        #expect(store.takeProblem()?.reason.contains("No such file") == true)
        #expect(store.takeProblem() == nil)
    }
}
