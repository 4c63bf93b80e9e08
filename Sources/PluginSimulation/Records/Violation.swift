/// A rule of `martlet.h` that the plugin broke.
package struct Violation: Equatable, Sendable, CustomStringConvertible {
    /// `SimulatedConnection.number`
    package let connection: Int?
    /// The call during which it was noticed; nil: any thread may have done it.
    package let call: PluginCall?
    package let text: String
    /// The function told the plugin of it with its result, and nothing came of it.
    package let isAnswered: Bool

    package var description: String { connection.map { "connection \($0): \(text)" } ?? text }
}
