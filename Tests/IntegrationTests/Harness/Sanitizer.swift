import Glibc

/// With what `make sanitize` has built the server under test: MARTLET_SANITIZER in the environment.
enum Sanitizer {
    /// "address" or "thread".
    static let name = getenv("MARTLET_SANITIZER").map { String(cString: $0) }
    static let isOn = name != nil

    /// How many times as long everything may take: a limit on waiting, which is met only by a failure.
    static let slowness = name.map { $0 == "thread" ? 10 : 4 } ?? 1

    /// A bound on resident bytes, among which are the shadow memory and the quarantine of a sanitizer.
    static func bytes<Number: BinaryInteger>(_ bytes: Number) -> Number { isOn ? bytes * 8 : bytes }
}
