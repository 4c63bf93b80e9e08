import Glibc

/// Whether the server under test was built with a sanitizer (`make sanitize` says so in MARTLET_SANITIZER), whose shadow memory and
/// quarantine are in every figure of memory.
enum Sanitizer {
    static let isOn = getenv("MARTLET_SANITIZER") != nil

    /// A bound on resident bytes.
    static func bytes<Number: BinaryInteger>(_ bytes: Number) -> Number { isOn ? bytes * 8 : bytes }
}
