/// A plugin's objection to its options, or to the arguments of an operation.
package struct OptionRefusal: Codable, Sendable, Equatable, CustomStringConvertible {
    /// Such as `routes[1].root`; empty: no option in particular.
    package var path: String
    package var message: String

    package var description: String { path.isEmpty ? message : "options.\(path): \(message)" }
}
