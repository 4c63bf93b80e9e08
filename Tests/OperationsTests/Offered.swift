import CMartlet

@testable import Operations

/// Operations as a plugin offers them, in memory that is never freed.
struct Offered {
    var operations: [martlet_operation]
    var release: (@convention(c) (UnsafePointer<martlet_env>?, UnsafeRawPointer?) -> Void)?
    /// The size that the table states; nil: its real size.
    var size: Int?
    /// The number of operations that the table states; nil: the real number.
    var count: Int?

    init(_ operations: martlet_operation...) { self.operations = operations }

    func table() throws(Signature.Problem) -> OperationTable { try OperationTable(of: plugin) }

    /// Why the table is refused; nil: it is accepted.
    var problem: String? {
        do throws(Signature.Problem) {
            _ = try table()
            return nil
        } catch {
            return error.text
        }
    }

    private var plugin: martlet_plugin {
        var functions = martlet_operations()
        functions.size = UInt32(size ?? MemoryLayout<martlet_operations>.size)
        functions.operations = operations.isEmpty ? nil : permanent(operations)
        functions.operation_count = count ?? operations.count
        functions.release = release
        var offered = martlet_extension()
        offered.size = UInt32(MemoryLayout<martlet_extension>.size)
        offered.id = text(MARTLET_OPERATIONS)
        offered.functions = UnsafeRawPointer(permanent([functions]))
        var plugin = martlet_plugin()
        plugin.extensions = permanent([offered])
        plugin.extension_count = 1
        return plugin
    }
}

/// One operation. `function` must have the type of the signature.
func operation(
    _ name: String, _ signature: String, place: martlet_place = MARTLET_ON_CONTROL,
    _ function: UnsafeRawPointer? = doesNothing
) -> martlet_operation {
    var operation = martlet_operation()
    operation.size = UInt32(MemoryLayout<martlet_operation>.size)
    operation.place = place
    operation.name = text(name)
    operation.signature = text(signature)
    operation.help = text("Helps")
    operation.function = function.map { unsafeBitCast($0, to: (@convention(c) () -> Void).self) }
    return operation
}

nonisolated(unsafe) let doesNothing: UnsafeRawPointer? = {
    let function: @convention(c) (UnsafePointer<martlet_env>?) -> Void = { _ in }
    return unsafeBitCast(function, to: UnsafeRawPointer.self)
}()

/// The address of a C function.
func code<Function>(_ function: Function) -> UnsafeRawPointer { unsafeBitCast(function, to: UnsafeRawPointer.self) }

func text(_ text: String) -> martlet_text {
    let bytes = permanent(text.utf8.map { CChar(bitPattern: $0) })
    return martlet_text(data: bytes, length: text.utf8.count)
}

func permanent<Value>(_ values: [Value]) -> UnsafePointer<Value> {
    let memory = UnsafeMutableBufferPointer<Value>.allocate(capacity: max(values.count, 1))
    _ = memory.initialize(from: values)
    return UnsafePointer(memory.baseAddress!)
}
