import CLinux
import CMartlet
import PluginABI

/// The operations of one image: `martlet.operations/1`, read, checked and made callable.
package struct OperationTable: Sendable {
    private static let countLimit = 256

    package struct Operation: Sendable {
        package let description: OperationDescription
        private let interface: CallInterface
        private let release: CallInterface.ReleaseFunction?

        fileprivate init(
            _ description: OperationDescription, _ interface: CallInterface, _ release: CallInterface.ReleaseFunction?
        ) {
            self.description = description
            self.interface = interface
            self.release = release
        }

        /// Calls the operation once, on this thread.
        ///
        /// - Parameter arguments: the result of `OperationDescription.parse`.
        package func call(_ env: UnsafePointer<martlet_env>, _ arguments: [OperationValue]) -> OperationValue {
            interface.call(env, arguments, release: release)
        }
    }

    package let operations: [Operation]

    /// Empty when the plugin has none.
    package init(of plugin: martlet_plugin) throws(Signature.Problem) {
        do throws(SizedStructProblem) {
            operations = try Self.read(plugin)
        } catch {
            throw .init(text: error.text)
        }
    }

    private static func read(_ plugin: martlet_plugin) throws(SizedStructProblem) -> [Operation] {
        guard let functions = try plugin.functions(of: MARTLET_OPERATIONS) else { return [] }
        let table = try martlet_operations.read(functions, "its \(MARTLET_OPERATIONS)")
        let entries = try martlet_operation.readArray(
            table.operations, count: table.operation_count, limit: countLimit, "its operations")
        var operations: [Operation] = []
        for entry in entries {
            let operation = try read(entry, table.release)
            guard !operations.contains(where: { $0.description.name == operation.description.name }) else {
                throw SizedStructProblem("it has two operations named \"\(operation.description.name)\"")
            }
            operations.append(operation)
        }
        return operations
    }

    /// Finds the operation with this name, and parses and checks the arguments that a user wrote for it.
    package func prepare(
        _ name: String, _ arguments: [String]
    ) throws(Signature.Problem) -> (operation: Operation, arguments: [OperationValue]) {
        guard let operation = operations.first(where: { $0.description.name == name }) else {
            let known = operations.map(\.description.name).joined(separator: ", ")
            throw .init(text: "no operation \"\(name)\" (there are: \(known))")
        }
        return (operation, try operation.description.parse(arguments))
    }

    private static func read(
        _ entry: martlet_operation, _ release: CallInterface.ReleaseFunction?
    ) throws(SizedStructProblem) -> Operation {
        guard let name = text(entry.name), isName(name) else {
            throw SizedStructProblem("an operation has an invalid name: expected letters, digits, '-' and '_'")
        }
        guard let written = text(entry.signature), let help = text(entry.help) else {
            throw SizedStructProblem("operation \"\(name)\": its signature or help cannot be read")
        }
        let place: OperationDescription.Place
        switch entry.place {
        case MARTLET_ON_CONTROL: place = .control
        case MARTLET_ON_LOOPS: place = .loops
        case MARTLET_ON_WORKER: place = .worker
        default: throw SizedStructProblem("operation \"\(name)\": its place is \(entry.place), expected 1 to 3")
        }
        guard let function = entry.function, linux_is_code(unsafeBitCast(function, to: UnsafeRawPointer.self)) != 0
        else {
            throw SizedStructProblem("operation \"\(name)\": its function is NULL or does not point to code")
        }
        do throws(Signature.Problem) {
            let signature = try Signature(written)
            let description = OperationDescription(
                name: name, signature: signature, place: place, help: help)
            return Operation(description, try CallInterface(signature, function: function), release)
        } catch {
            throw SizedStructProblem("operation \"\(name)\" cannot be called: signature \"\(written)\": \(error.text)")
        }
    }

    private static func text(_ text: martlet_text) -> String? {
        guard text.length > 0 else { return "" }
        guard let data = text.data, text.length <= 4_096 else { return nil }
        return String(validating: UnsafeRawBufferPointer(start: data, count: text.length), as: UTF8.self)
    }
}
