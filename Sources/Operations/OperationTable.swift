import CLinux
import CMartlet

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

        /// Calls it once, here.
        ///
        /// - Parameter arguments: what `OperationDescription.parse` made.
        package func call(
            state: UnsafeMutableRawPointer?, loopState: UnsafeMutableRawPointer?, _ arguments: [OperationValue]
        ) -> OperationValue {
            interface.call(state: state, loopState: loopState, arguments, release: release)
        }
    }

    package let operations: [Operation]

    /// Empty when the plugin has none.
    package init(of plugin: martlet_plugin) throws(Signature.Problem) {
        guard let functions = plugin.functions(of: MARTLET_OPERATIONS) else {
            operations = []
            return
        }
        let table = functions.assumingMemoryBound(to: martlet_operations.self)
        let least =
            MemoryLayout<martlet_operations>.offset(of: \.operation_count)! + MemoryLayout<Int>.size
        let size = Int(table.pointee.size)
        guard size >= least else {
            throw .init(text: "its operations state a size of \(size) bytes, expected \(least) or more")
        }
        let release = size >= MemoryLayout<martlet_operations>.size ? table.pointee.release : nil
        let count = table.pointee.operation_count
        guard count > 0 else {
            operations = []
            return
        }
        guard let first = table.pointee.operations, count <= Self.countLimit else {
            throw .init(text: "its operations cannot be read, or are more than \(Self.countLimit)")
        }
        let stride = Int(first.pointee.size)
        guard stride >= MemoryLayout<martlet_operation>.size, stride <= 1 << 16 else {
            throw .init(
                text: "an operation states a size of \(stride) bytes, expected \(MemoryLayout<martlet_operation>.size)")
        }
        var read: [Operation] = []
        for index in 0..<count {
            let entry = (UnsafeRawPointer(first) + index * stride).load(as: martlet_operation.self)
            let operation = try Self.read(entry, release)
            guard !read.contains(where: { $0.description.name == operation.description.name }) else {
                throw .init(text: "it has two operations named \"\(operation.description.name)\"")
            }
            read.append(operation)
        }
        operations = read
    }

    /// The operation of a name, and the arguments that a person wrote for it, checked.
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
    ) throws(Signature.Problem) -> Operation {
        guard let name = text(entry.name), isName(name) else {
            throw .init(text: "the name of an operation is not one: expected letters, digits, '-' and '_'")
        }
        guard let written = text(entry.signature), let help = text(entry.help) else {
            throw .init(text: "operation \"\(name)\": its signature or help cannot be read")
        }
        let place: OperationDescription.Place
        switch entry.place {
        case MARTLET_ON_CONTROL: place = .control
        case MARTLET_ON_LOOPS: place = .loops
        case MARTLET_ON_WORKER: place = .worker
        default: throw .init(text: "operation \"\(name)\": its place is \(entry.place), expected 1 to 3")
        }
        guard let function = entry.function, linux_is_code(unsafeBitCast(function, to: UnsafeRawPointer.self)) != 0
        else {
            throw .init(text: "operation \"\(name)\": its function is NULL or no code")
        }
        do throws(Signature.Problem) {
            let signature = try Signature(written)
            let description = OperationDescription(
                name: name, signature: signature, place: place, help: help)
            return Operation(description, try CallInterface(signature, function: function), release)
        } catch {
            throw .init(text: "operation \"\(name)\" cannot be called: signature \"\(written)\": \(error.text)")
        }
    }

    private static func text(_ text: martlet_text) -> String? {
        guard text.length > 0 else { return "" }
        guard let data = text.data, text.length <= 4_096 else { return nil }
        return String(validating: UnsafeRawBufferPointer(start: data, count: text.length), as: UTF8.self)
    }
}
