import CMartlet
import Operations
import PluginABI

/// A descriptor, as far as this host knows it.
struct PluginFunctions {
    let name: String
    let options: [OptionSchema]
    let operations: OperationTable
    let callbacks: SessionCallbacks
    /// Where the plugin has its descriptor: `create` gets this.
    let descriptor: UnsafePointer<martlet_plugin>
    let create: CreateFunction
    let destroy: @convention(c) (UnsafeMutableRawPointer?) -> Void

    typealias CreateFunction =
        @convention(c) (
            UnsafePointer<martlet_plugin>?, UnsafePointer<martlet_host>?, OpaquePointer?, UnsafePointer<martlet_value>?,
            UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        ) -> martlet_result

    init(_ descriptor: UnsafeRawPointer) throws(SimulationError) {
        let pointer = descriptor.assumingMemoryBound(to: martlet_plugin.self)
        guard pointer.pointee.abi >> 16 == UInt32(MARTLET_ABI_MAJOR) else {
            throw .descriptor("built for plugin ABI \(versionText(pointer.pointee.abi))")
        }
        do throws(SizedStructProblem) {
            self = try PluginFunctions(pointer, martlet_plugin.read(pointer, "its descriptor"))
        } catch {
            throw .descriptor(error.text)
        }
    }

    /// - Parameter plugin: the descriptor, copied as far as it goes.
    init(
        _ descriptor: UnsafePointer<martlet_plugin>, _ plugin: martlet_plugin
    ) throws(SizedStructProblem) {
        guard let create = plugin.create, let destroy = plugin.destroy else {
            throw SizedStructProblem("lacks create or destroy")
        }
        guard let callbacks = try SessionCallbacks(plugin) else {
            throw SizedStructProblem("lacks opened, received and closed")
        }
        self.descriptor = descriptor
        self.create = create
        self.destroy = destroy
        self.callbacks = callbacks
        name = String(plugin.name)
        options = try OptionSchema.read(plugin.options, count: plugin.option_count)
        do throws(Signature.Problem) {
            operations = try OperationTable(of: plugin)
        } catch {
            throw SizedStructProblem(error.text)
        }
        for index in 0..<plugin.required_extension_count {
            let id = String(plugin.required_extensions[index])
            guard id == MARTLET_HOST_INFO else { throw SizedStructProblem("requires the host extension \"\(id)\"") }
        }
    }
}
