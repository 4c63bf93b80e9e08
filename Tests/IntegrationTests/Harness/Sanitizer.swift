import Glibc

/// The sanitizer with which `make sanitize` built the server under test, from MARTLET_SANITIZER in the environment.
enum Sanitizer {
    /// "address" or "thread".
    static let name = getenv("MARTLET_SANITIZER").map { String(cString: $0) }
    static let isOn = name != nil

    /// The factor by which every time limit grows. Only a failing test reaches such a limit.
    static let slowness = name.map { $0 == "thread" ? 10 : 4 } ?? 1

    /// Raises a bound on resident bytes, because a sanitizer adds its shadow memory and its quarantine.
    static func bytes<Number: BinaryInteger>(_ bytes: Number) -> Number {
        name.map { $0 == "thread" ? bytes * 16 : bytes * 8 } ?? bytes
    }
}
