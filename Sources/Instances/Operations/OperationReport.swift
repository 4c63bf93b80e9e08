import Operations

/// The result of an operation.
package struct OperationReport: Codable, Sendable, Equatable {
    package struct Result: Codable, Sendable, Equatable {
        /// The event loop that it ran on; nil: it ran once, elsewhere.
        package var loop: Int?
        package var value: OperationValue
    }

    package var listener: String
    package var generation: Int
    package var operation: OperationDescription
    package var results: [Result]
    /// The sum of numbers from several event loops.
    package var sum: OperationValue?
    package var milliseconds: Double
}
