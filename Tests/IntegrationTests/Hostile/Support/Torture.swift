import Glibc
import TestInput
import Testing

/// Hostile peers, as on the open internet. These tests run one after another, because each of them uses the whole machine.
///
/// Each test runs for about a second in `make test`. `make torture` runs them for longer and prints how to repeat a run.
@Suite(.serialized) enum Hostile {}

enum Torture {
    /// MARTLET_TORTURE in the environment: the factor by which tests run longer than in `make test`.
    static let factor = max(getenv("MARTLET_TORTURE").flatMap { Int(String(cString: $0)) } ?? 1, 1)

    /// MARTLET_TORTURE_SEED in the environment, which `make torture` draws at random. The default never changes, so `make test` does
    /// the same each time. Tests that use the seed print it.
    static let seed = getenv("MARTLET_TORTURE_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1

    /// Repeats a round for about `seconds`, times the factor. Each round gets its own random numbers, which depend only on the seed.
    @discardableResult
    static func repeated(_ name: String, seconds: Double, _ round: (inout SeededGenerator) throws -> Void) throws -> Int
    {
        print("\(name): MARTLET_TORTURE_SEED=\(seed)")
        let deadline = Deadline(in: .milliseconds(Int(seconds * 1_000) * factor))
        var rounds = 0
        repeat {
            var generator = SeededGenerator(seed: seed &+ UInt64(rounds))
            do {
                try round(&generator)
            } catch {
                throw Failure("\(name), round \(rounds) of MARTLET_TORTURE_SEED=\(seed): \(error)")
            }
            rounds += 1
        } while !deadline.isOver
        return rounds
    }
}

extension SeededGenerator {
    mutating func bytes(_ count: Int) -> [UInt8] { patternBytes(count, seed: next()) }
}
