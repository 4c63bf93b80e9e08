import Operations

/// What `martlet call` does, on the thread of the test.
extension SimulatedHost {
    /// Calls an operation of the plugin where it wants to run: once, or on each loop.
    ///
    /// - Parameters:
    ///   - name: of the operation.
    ///   - arguments: as a person would write them; they are checked against the signature.
    /// - Returns: a text for each result, as it is printed: `"42"`, `"true"`, `""` of `void`.
    @discardableResult
    public func call(_ name: String, _ arguments: String...) throws(SimulationError) -> [String] {
        let (operation, values): (OperationTable.Operation, [OperationValue])
        do throws(Signature.Problem) {
            (operation, values) = try plugin.operations.prepare(name, arguments)
        } catch {
            throw .operation(error.text)
        }
        _ = telemetry.takeRefusals()
        let places = operation.description.place == .loops ? environments : [environment]
        var results: [String] = []
        for env in places {
            begin(.operation)
            results.append(operation.call(UnsafePointer(env), values).text)
        }
        let refusals = telemetry.takeRefusals()
        guard refusals.isEmpty else { throw .operation(refusals.map(\.message).joined(separator: "; ")) }
        return results
    }
}
