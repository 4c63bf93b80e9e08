import Glibc

/// Why a test could not go on: what was being done, on what, and what was found.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// The system call that has just failed on this thread.
    static func system(_ doing: String, code: Int32 = errno) -> Failure {
        Failure("\(doing): \(String(cString: strerror(code)))")
    }
}
