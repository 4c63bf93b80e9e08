/// Why an operation has no result.
package struct OperationFailure: Error, Codable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }
}
