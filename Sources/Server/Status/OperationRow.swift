import Operations

/// An operation that can be called now: `martlet call`.
package struct OperationRow: Codable, Sendable {
    package var listener: String
    package var plugin: String
    package var generation: Int
    package var operation: OperationDescription
}
