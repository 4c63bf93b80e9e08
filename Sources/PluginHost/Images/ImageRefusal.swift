/// Why a plugin file is not accepted.
package struct ImageRefusal: Error, Codable, Sendable, CustomStringConvertible {
    /// As the listener's file or the command line named it.
    package var file: String
    package var reason: String

    package init(_ file: String, _ reason: String) {
        self.file = file
        self.reason = reason
    }

    package var description: String { "\(file): \(reason)" }
}
