/// What is known of the end of a host: `martlet crashes show`.
package struct CrashReport: Codable, Sendable, Equatable {
    package struct Frame: Codable, Sendable, Equatable {
        /// In the object's file.
        package var address: UInt64
        /// The path of the plugin, or of a library; "martlet" for the program; empty: unknown.
        package var object: String
        /// As the compiler named it; absent: unknown.
        package var function: String?
        /// In the function.
        package var offset: UInt64?
    }

    /// Counts the reports of a state directory, from 1.
    package var number: Int
    /// ISO 8601
    package var time: String
    /// "SIGSEGV", "exit status 3", "hang_timeout"
    package var cause: String
    /// What the thread was running. Absent when no plugin was, or when that is not known.
    package var listener: String?
    package var plugin: String?
    package var version: String?
    package var hash: String?
    package var generation: Int?
    package var callback: String?
    /// The name of the thread; empty: unknown.
    package var thread: String
    /// Innermost first. Empty when nothing was recorded, as for SIGKILL.
    package var backtrace: [Frame]
}
