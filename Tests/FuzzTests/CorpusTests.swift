import FoundationEssentials
import FuzzTargets
import Testing

/// Replays the inputs that the fuzzers have kept. None of them may crash.
@Suite struct CorpusTests {
    @Test(arguments: FuzzTarget.allCases)
    func replaysTheCorpus(of target: FuzzTarget) throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let folder = "/\(root)/Fuzzing/corpus/\(target.rawValue)"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(!names.isEmpty, "expected a corpus, found an empty folder")
        for name in names.sorted() {
            // Print the name before the run, so that it is known if the run traps.
            print("\(target.rawValue)/\(name)")
            try Data(contentsOf: URL(filePath: "\(folder)/\(name)")).withUnsafeBytes { target.run($0) }
        }
    }
}
