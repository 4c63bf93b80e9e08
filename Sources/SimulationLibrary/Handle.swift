import CMartlet
import Configuration
import Engine
import Instances
import PluginABI
import Simulation
import Threads

/// What a martlet_simulated_host points to. The host keeps it until `release`.
final class Handle {
    let host: SimulatedHost
    /// For the next generation. Its texts were valid only while the first was made.
    private let given: martlet_simulation_settings
    /// Of the listener's file.
    private let path: String

    /// Makes the first host of a listener.
    convenience init(
        _ plugin: UnsafePointer<martlet_plugin>, _ given: martlet_simulation_settings
    ) throws(Failure) {
        guard given.loops <= 64 else { throw .argument("\(given.loops) loops, expected at most 64") }
        let image = try Self.image(of: plugin)
        let path = given.file.length > 0 ? String(given.file) : "simulated.toml"
        let file = try Self.file(String(given.listener), path, image)
        let simulation: Simulation
        do throws(SystemError) {
            if let beside = given.beside {
                simulation = Handle.of(beside).host.simulation
            } else {
                simulation = try Simulation(
                    loops: Int(given.loops),
                    workQueue: given.work_queue == 0 ? 1_024 : Int(clamping: given.work_queue))
            }
        } catch {
            throw .argument("\(error)")
        }
        let name = given.name.length > 0 ? String(given.name) : "simulated"
        let listener = SimulatedListener(name, connections: file.connections, in: simulation)
        try self.init(image, file, given, path, listener, simulation)
    }

    /// Makes the next generation.
    convenience init(
        after previous: Handle, _ plugin: UnsafePointer<martlet_plugin>, _ text: String
    ) throws(Failure) {
        let image = try Self.image(of: plugin)
        let file = try Self.file(text, previous.path, image)
        try self.init(
            image, file, previous.given, previous.path, previous.host.listener, previous.host.simulation)
        host.logLevel = previous.host.logLevel
    }

    private init(
        _ image: PluginImage, _ file: ListenerFile, _ given: martlet_simulation_settings, _ path: String,
        _ listener: SimulatedListener, _ simulation: Simulation
    ) throws(Failure) {
        self.given = given
        self.path = path
        do throws(InstanceRefusal) {
            host = try SimulatedHost(
                image, options: file.options, settings: Self.settings(of: file, given), on: listener, in: simulation,
                onCall: Self.onCall(given))
        } catch {
            if !simulation.isOwned { simulation.end() }
            throw .instance(error)
        }
        host.owner = self
    }

    private static func settings(of file: ListenerFile, _ given: martlet_simulation_settings) -> InstanceSettings {
        var settings = file.settings
        if given.output_high_water > 0 {
            settings.limits.outputHighWater = Int(clamping: given.output_high_water)
            settings.limits.outputLowWater = Int(clamping: min(given.output_low_water, given.output_high_water))
        }
        if given.maximum_input > 0 { settings.limits.maximumInput = Int(clamping: given.maximum_input) }
        return settings
    }

    private static func onCall(_ given: martlet_simulation_settings) -> ((CallbackKind) -> Void)? {
        given.on_call.map { function in
            { kind in
                var phrase = kind.phrase
                phrase.withUTF8 {
                    let data = UnsafeRawPointer($0.baseAddress)?.assumingMemoryBound(to: CChar.self)
                    function(given.context, martlet_text(data: data, length: $0.count))
                }
            }
        }
    }

    private static func image(of plugin: UnsafePointer<martlet_plugin>) throws(Failure) -> PluginImage {
        do throws(DescriptorReader.Problem) {
            return PluginImage(try DescriptorReader(plugin))
        } catch {
            throw .descriptor(error)
        }
    }

    private static func file(_ text: String, _ path: String, _ image: PluginImage) throws(Failure) -> ListenerFile {
        do throws(ConfigurationError) {
            return try ListenerFile(text, path: path, for: image.description)
        } catch {
            throw .options(error)
        }
    }

    static func of(_ pointer: OpaquePointer) -> Handle {
        Unmanaged<Handle>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
    }

    /// For the caller, until `release`.
    var pointer: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    func release() {
        host.shutDown()
        host.owner = nil
        if !host.simulation.isOwned { host.simulation.end() }
    }
}
