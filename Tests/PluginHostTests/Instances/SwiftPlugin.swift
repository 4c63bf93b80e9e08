import CMartlet
import Glibc
import PluginSimulation
import Synchronization

@testable import PluginHost

/// A plugin whose functions are the test's: for an instance in the process of the test, or in a simulated host.
///
/// Which one an instance belongs to is said by its only option, a number.
final class SwiftPlugin: Sendable {
    typealias Connection = OpaquePointer

    struct Functions: Sendable {
        var create: @Sendable (SwiftPlugin) -> martlet_result = { _ in MARTLET_OK }
        var destroy: @Sendable () -> Void = {}
        /// Sends back what came.
        var received: @Sendable (SwiftPlugin, Connection?, UnsafeBufferPointer<UInt8>) -> Int64 = {
            plugin, connection, bytes in
            _ = plugin.host.write(connection, bytes.baseAddress, bytes.count)
            return Int64(bytes.count)
        }
    }

    /// Addresses of what `create` got last.
    private struct Given: Sendable {
        let host: UInt
        let instance: UInt
    }

    private static let all = Mutex<[SwiftPlugin]>([])

    let functions: Functions
    private let number: Int64
    private let given = Mutex<Given>(Given(host: 0, instance: 0))
    private let calledNames = Mutex<[String]>([])

    init(_ functions: Functions = Functions()) {
        self.functions = functions
        number = Self.all.withLock { Int64($0.count) }
        Self.all.withLock { $0.append(self) }
    }

    /// For `PluginInstance.create`.
    var options: OptionValue {
        .table([OptionValue.Item(key: "number", value: .integer(number), line: 1, column: 1)])
    }

    /// For a simulated host.
    var literal: OptionLiteral { ["number": .integer(number)] }

    // MARK: What the host gives

    /// The functions of the host, which live as long as the process.
    var host: martlet_host { UnsafePointer<martlet_host>(bitPattern: given.withLock { $0.host })!.pointee }

    var instance: OpaquePointer? { OpaquePointer(bitPattern: given.withLock { $0.instance }) }

    /// The calls so far that belong to no connection.
    var calls: [String] { calledNames.withLock { $0 } }

    private func note(_ call: String) { calledNames.withLock { $0.append(call) } }

    private static func of(_ state: UnsafeMutableRawPointer?) -> SwiftPlugin {
        Unmanaged<SwiftPlugin>.fromOpaque(state!).takeUnretainedValue()
    }

    // MARK: The descriptor

    nonisolated(unsafe) static let descriptor: UnsafePointer<martlet_plugin> = {
        let option = UnsafeMutablePointer<martlet_option>.allocate(capacity: 1)
        var number = martlet_option()
        number.size = UInt32(MemoryLayout<martlet_option>.size)
        number.type = MARTLET_TYPE_INTEGER
        number.key = permanentText("number")
        (number.minimum, number.maximum) = (1, 0)
        option.initialize(to: number)
        var plugin = minimal()
        plugin.options = UnsafePointer(option)
        plugin.option_count = 1
        let descriptor = UnsafeMutablePointer<martlet_plugin>.allocate(capacity: 1)
        descriptor.initialize(to: plugin)
        return UnsafePointer(descriptor)
    }()

    /// A descriptor that has nothing wrong with it.
    static func minimal() -> martlet_plugin {
        var plugin = martlet_plugin()
        plugin.size = UInt32(MemoryLayout<martlet_plugin>.size)
        plugin.abi_major = UInt16(MARTLET_ABI_MAJOR)
        plugin.abi_minor = UInt16(MARTLET_ABI_MINOR)
        plugin.name = permanentText("swift-plugin")
        plugin.version = permanentText("1.2.3")
        plugin.threads = MARTLET_THREADS_BOTH
        plugin.create = { host, instance, options, state in
            let plugin = SwiftPlugin.all.withLock { $0[Int(options!.pointee.items[0].integer)] }
            plugin.given.withLock { $0 = Given(host: UInt(bitPattern: host), instance: UInt(bitPattern: instance)) }
            plugin.note("create")
            state!.pointee = Unmanaged.passUnretained(plugin).toOpaque()
            return plugin.functions.create(plugin)
        }
        plugin.destroy = { state in
            let plugin = SwiftPlugin.of(state)
            plugin.note("destroy")
            plugin.functions.destroy()
        }
        plugin.loop_start = { state, loop, loopState in
            SwiftPlugin.of(state).note("loop_start \(loop)")
            return MARTLET_OK
        }
        plugin.loop_stop = { state, loop, loopState in SwiftPlugin.of(state).note("loop_stop \(loop)") }
        plugin.opened = { state, loopState, connection, session in
            session!.pointee = state
            return MARTLET_OK
        }
        plugin.received = { session, connection, data, length in
            let plugin = SwiftPlugin.of(session)
            return plugin.functions.received(plugin, connection, UnsafeBufferPointer(start: data, count: length))
        }
        plugin.closed = { _, _, _ in }
        return plugin
    }
}
