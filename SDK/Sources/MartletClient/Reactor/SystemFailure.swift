import Glibc

/// A system call that failed with an errno.
struct SystemFailure: Error {
    let function: String
    let code: Int32

    init(_ function: String, code: Int32 = errno) { (self.function, self.code) = (function, code) }

    var connectionFailure: ConnectionFailure { .system(function: function, code: code) }
    var description: String { "\(function) failed: \(String(cString: strerror(code)))" }
}
