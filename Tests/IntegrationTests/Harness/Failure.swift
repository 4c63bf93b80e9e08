import Glibc

/// Why a test could not continue: what it was doing, on what, and what it found.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// A failure of the system call that this thread has just made.
    static func system(_ doing: String, code: Int32 = errno) -> Failure {
        Failure("\(doing): \(String(cString: strerror(code)))")
    }
}
