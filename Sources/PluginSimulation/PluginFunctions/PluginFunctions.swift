import CMartlet
import Operations

/// A descriptor, as far as this host knows it: no member past the size that the plugin states is looked at.
struct PluginFunctions {
    let name: String
    let options: [OptionSchema]
    /// nil: its sessions stay where they are.
    let sessionState: SessionStateFunctions?
    let operations: OperationTable
    let create: CreateFunction
    let destroy: @convention(c) (UnsafeMutableRawPointer?) -> Void
    let loopStart: LoopStartFunction?
    let loopStop: (@convention(c) (UnsafeMutableRawPointer?, UInt32, UnsafeMutableRawPointer?) -> Void)?
    let opened: OpenedFunction
    let received: @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?, UnsafePointer<UInt8>?, Int) -> Int64
    let writable: SignalFunction?
    let timer: SignalFunction?
    let peerClosed: SignalFunction?
    let draining: SignalFunction?
    let closed: @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?, martlet_close_reason) -> Void

    typealias SignalFunction = @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?) -> Void
    typealias StatePointer = UnsafeMutablePointer<UnsafeMutableRawPointer?>
    typealias CreateFunction =
        @convention(c) (UnsafePointer<martlet_host>?, OpaquePointer?, UnsafePointer<martlet_value>?, StatePointer?) ->
        martlet_result
    typealias LoopStartFunction = @convention(c) (UnsafeMutableRawPointer?, UInt32, StatePointer?) -> martlet_result
    typealias OpenedFunction =
        @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, OpaquePointer?, StatePointer?) ->
        martlet_result

    init(_ descriptor: UnsafeRawPointer) throws(SimulationError) {
        let pointer = descriptor.assumingMemoryBound(to: martlet_plugin.self)
        guard pointer.pointee.abi_major == UInt16(MARTLET_ABI_MAJOR) else {
            throw .descriptor("built for plugin ABI \(pointer.pointee.abi_major).\(pointer.pointee.abi_minor)")
        }
        var plugin = martlet_plugin()
        withUnsafeMutableBytes(of: &plugin) {
            $0.copyBytes(from: UnsafeRawBufferPointer(start: pointer, count: min(Int(pointer.pointee.size), $0.count)))
        }
        try self.init(plugin)
    }

    /// - Parameter plugin: a descriptor that was copied as far as it goes.
    init(_ plugin: martlet_plugin) throws(SimulationError) {
        guard let create = plugin.create, let destroy = plugin.destroy, let opened = plugin.opened,
            let received = plugin.received, let closed = plugin.closed
        else { throw .descriptor("lacks create, destroy, opened, received or closed") }
        self.create = create
        self.destroy = destroy
        self.opened = opened
        self.received = received
        self.closed = closed
        name = String(plugin.name)
        options = OptionSchema.read(plugin.options, count: plugin.option_count)
        sessionState = SessionStateFunctions(plugin)
        do throws(Signature.Problem) {
            operations = try OperationTable(of: plugin)
        } catch {
            throw .descriptor(error.text)
        }
        loopStart = plugin.loop_start
        loopStop = plugin.loop_stop
        writable = plugin.writable
        timer = plugin.timer
        peerClosed = plugin.peer_closed
        draining = plugin.draining
        try Self.checkExtensions(plugin)
    }

    private static func checkExtensions(_ plugin: martlet_plugin) throws(SimulationError) {
        for index in 0..<plugin.required_extension_count {
            let id = String(plugin.required_extensions[index])
            guard id == MARTLET_HOST_INFO else { throw .descriptor("requires the host extension \"\(id)\"") }
        }
    }
}
