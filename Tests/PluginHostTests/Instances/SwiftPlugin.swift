import CMartlet
import Glibc
import PluginABI
import Synchronization

@testable import Instances
@testable import PluginHost

/// A plugin whose functions the test provides, for an instance in the test process or in a simulated host.
///
/// Its only option, a number, selects the `SwiftPlugin` that an instance belongs to.
final class SwiftPlugin: Sendable {
    typealias Connection = OpaquePointer

    struct Functions: Sendable {
        var create: @Sendable (SwiftPlugin) -> martlet_result = { _ in MARTLET_OK }
        var destroy: @Sendable () -> Void = {}
        /// Returns how many bytes are consumed. By default it sends them back.
        var received: @Sendable (SwiftPlugin, Connection?, UnsafeBufferPointer<UInt8>) -> Int = {
            plugin, connection, bytes in
            _ = plugin.host.write(connection, bytes.baseAddress, bytes.count)
            return bytes.count
        }
    }

    /// The addresses that `create` got last.
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

    // MARK: The host

    /// The functions of the host, which live as long as the process.
    var host: martlet_host { UnsafePointer<martlet_host>(bitPattern: given.withLock { $0.host })!.pointee }

    /// `martlet.metrics/1`
    var metrics: martlet_metrics {
        host.extension(instance, permanentText(MARTLET_METRICS))!.assumingMemoryBound(to: martlet_metrics.self).pointee
    }

    var instance: OpaquePointer? { OpaquePointer(bitPattern: given.withLock { $0.instance }) }

    /// The calls so far that belong to no connection.
    var calls: [String] { calledNames.withLock { $0 } }

    private func note(_ call: String) { calledNames.withLock { $0.append(call) } }

    private static func of(_ state: UnsafeMutableRawPointer?) -> SwiftPlugin {
        Unmanaged<SwiftPlugin>.fromOpaque(state!).takeUnretainedValue()
    }

    private static func of(_ env: UnsafePointer<martlet_env>?) -> SwiftPlugin { of(env!.pointee.state) }

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

    /// A valid descriptor.
    static func minimal() -> martlet_plugin {
        var plugin = martlet_plugin()
        plugin.size = UInt32(MemoryLayout<martlet_plugin>.size)
        plugin.abi = UInt32(MARTLET_ABI_MAJOR) << 16 | UInt32(MARTLET_ABI_MINOR)
        plugin.name = permanentText("swift-plugin")
        plugin.version = permanentText("1.2.3")
        plugin.threads = MARTLET_THREADS_BOTH
        plugin.create = { _, host, instance, options, state in
            let number = options!.pointee.items[0]!.pointee.integer
            let plugin = SwiftPlugin.all.withLock { $0[Int(number)] }
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
        plugin.loop_start = { env, _ in
            SwiftPlugin.of(env).note("loop_start \(env!.pointee.loop)")
            return MARTLET_OK
        }
        plugin.loop_stop = { env in SwiftPlugin.of(env).note("loop_stop \(env!.pointee.loop)") }
        plugin.opened = { _, _, _, _ in MARTLET_OK }
        plugin.received = { env, _, connection, data, length, consumed in
            let plugin = SwiftPlugin.of(env)
            consumed!.pointee = plugin.functions.received(
                plugin, connection, UnsafeBufferPointer(start: data, count: length))
            return MARTLET_OK
        }
        plugin.closed = { _, _, _, _ in }
        return plugin
    }
}
