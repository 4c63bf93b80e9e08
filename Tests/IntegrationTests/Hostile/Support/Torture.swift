import Glibc
import Testing

/// What the open internet brings. One after the other, because each takes what the machine has.
///
/// Each test goes on for about a second in `make test`; `make torture` lets it go on for longer, and says how to repeat it.
@Suite(.serialized) enum Hostile {}

enum Torture {
    /// MARTLET_TORTURE in the environment: how many times as long as in `make test`.
    static let factor = max(getenv("MARTLET_TORTURE").flatMap { Int(String(cString: $0)) } ?? 1, 1)

    /// MARTLET_TORTURE_SEED in the environment, which `make torture` draws; else always the same, so that `make test` does
    /// the same each time. Printed with the tests that use it.
    static let seed = getenv("MARTLET_TORTURE_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1

    /// Repeats something for about so many seconds, times the factor. Each round gets numbers of its own, the same for the
    /// same seed.
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
    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

    mutating func bytes(_ count: Int) -> [UInt8] { patternBytes(count, seed: next()) }
}
