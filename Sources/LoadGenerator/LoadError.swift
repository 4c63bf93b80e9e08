import Glibc

/// Why a load could not be set up. Failures of a running connection are counted in the report, not thrown.
package enum LoadError: Error, Equatable, CustomStringConvertible {
    /// A system call failed with this `errno`.
    case system(doing: String, code: Int32)
    /// A connection got no TLS.
    case tls(String)
    case invalid(what: String, expected: String, found: String)

    package var description: String {
        switch self {
        case .system(let doing, let code): "\(doing): \(String(cString: strerror(code)))"
        case .tls(let text): text
        case .invalid(let what, let expected, let found): "\(what): expected \(expected), found \(found)"
        }
    }

    static func timeout(doing: String) -> LoadError { .system(doing: doing, code: ETIMEDOUT) }

    /// The error of the system call that has just failed on this thread.
    static func last(_ doing: String) -> LoadError { .system(doing: doing, code: errno) }
}
