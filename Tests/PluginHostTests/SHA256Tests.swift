import Glibc
import Testing

@testable import Instances
@testable import PluginHost

@Suite struct SHA256Tests {
    /// NIST's examples for FIPS 180-4, and the empty message.
    static let examples = [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
        (
            String(repeating: "a", count: 1_000_000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        ),
    ]

    @Test(arguments: examples)
    func hashesTheExamplesOfNIST(text: String, hash: String) throws {
        #expect(try SHA256.digest(of: Array(text.utf8)).hexadecimal == hash)
    }

    @Test(arguments: examples)
    func hashesTheExamplesInPieces(text: String, hash: String) throws {
        let bytes = Array(text.utf8)
        var hashing = try SHA256()
        // Pieces of no byte, one, two and so on.
        var (start, size) = (0, 0)
        while start < bytes.count {
            let end = min(start + size, bytes.count)
            try hashing.update(bytes.span.extracting(start..<end).bytes)
            (start, size) = (end, size + 1)
        }
        #expect(try hashing.finish().hexadecimal == hash)
    }

    /// Files smaller than a piece, of exactly one piece, and of several.
    @Test(arguments: [0, 1, RegularFile.pieceSize, RegularFile.pieceSize + 1, 3 * RegularFile.pieceSize - 1])
    func hashesAFile(size: Int) throws {
        let folder = TrustFolder()
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 >> 3) }
        folder.write("file", bytes)
        #expect(ImageStore.hash(of: folder.path("file")) == (try SHA256.digest(of: bytes).hexadecimal))
    }

    @Test func onlyRegularFilesHaveAHash() {
        let folder = TrustFolder()
        folder.makeFolder("folder")
        mkfifo(folder.path("fifo"), 0o600)
        for name in ["folder", "fifo", "missing"] {
            #expect(ImageStore.hash(of: folder.path(name)) == nil, "\(name)")
        }
    }
}
