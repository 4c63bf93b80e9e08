import FoundationEssentials
import FuzzTargets
import Testing

/// What the fuzzers have found worth keeping: each input is one more time all right.
@Suite struct CorpusTests {
    @Test(arguments: FuzzTarget.allCases)
    func replaysTheCorpus(of target: FuzzTarget) throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let folder = "/\(root)/Fuzzing/corpus/\(target.rawValue)"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(!names.isEmpty, "a target without a corpus")
        for name in names.sorted() {
            // Named before it is run: a trap must not leave us without it.
            print("\(target.rawValue)/\(name)")
            try Data(contentsOf: URL(filePath: "\(folder)/\(name)")).withUnsafeBytes { target.run($0) }
        }
    }
}
