import CMartlet
import Configuration
import Engine
import Instances
import PluginABI
import Simulation

/// The simulation behind several hosts that are related, until the last of them is released.
final class Family {
    let simulation: Simulation
    fileprivate(set) var handles: [Handle] = []

    init(_ simulation: Simulation) {
        self.simulation = simulation
        simulation.owner = self
    }

    func handle(of host: SimulatedHost) -> Handle? { handles.first { $0.host === host } }
}

/// What a martlet_simulated_host points to.
final class Handle {
    let host: SimulatedHost
    let family: Family
    /// For the next generation.
    private let settings: Settings

    /// The parts of martlet_simulation_settings that the next generation has too.
    private struct Settings {
        let path: String
        let highWater: UInt64
        let lowWater: UInt64
        let maximumInput: UInt64
        let onCall: ((CallbackKind) -> Void)?

        init(_ given: martlet_simulation_settings) {
            path = given.file.length > 0 ? String(given.file) : "simulated.toml"
            (highWater, lowWater) = (given.output_high_water, given.output_low_water)
            maximumInput = given.maximum_input
            let context = given.context
            onCall = given.on_call.map { function in
                { kind in
                    var phrase = kind.phrase
                    phrase.withUTF8 {
                        let data = UnsafeRawPointer($0.baseAddress)?.assumingMemoryBound(to: CChar.self)
                        function(context, martlet_text(data: data, length: $0.count))
                    }
                }
            }
        }

        func applied(to settings: InstanceSettings) -> InstanceSettings {
            var settings = settings
            if highWater > 0 {
                settings.limits.outputHighWater = Int(clamping: highWater)
                settings.limits.outputLowWater = Int(clamping: min(lowWater, highWater))
            }
            if maximumInput > 0 { settings.limits.maximumInput = Int(clamping: maximumInput) }
            return settings
        }
    }

    /// Makes the first host of a listener.
    convenience init(
        _ plugin: UnsafePointer<martlet_plugin>, _ given: martlet_simulation_settings
    ) throws(Failure) {
        guard given.loops <= 64 else { throw .argument("\(given.loops) loops, expected at most 64") }
        let image = try Self.image(of: plugin)
        let settings = Settings(given)
        let file = try Self.file(String(given.listener), settings, image)
        let family: Family
        if let beside = given.beside {
            family = Handle.of(beside).family
        } else {
            do throws(SystemError) {
                family = Family(
                    try Simulation(
                        loops: max(Int(given.loops), 1),
                        workQueue: given.work_queue == 0 ? 1_024 : Int(clamping: given.work_queue)))
            } catch {
                throw .argument("\(error)")
            }
        }
        let name = given.name.length > 0 ? String(given.name) : "simulated"
        let listener = SimulatedListener(name, connections: file.connections, in: family.simulation)
        try self.init(image, file, settings, listener, family)
    }

    /// Makes the next generation.
    convenience init(
        after previous: Handle, _ plugin: UnsafePointer<martlet_plugin>, _ text: String
    ) throws(Failure) {
        let image = try Self.image(of: plugin)
        let file = try Self.file(text, previous.settings, image)
        try self.init(image, file, previous.settings, previous.host.listener, previous.family)
        host.logLevel = previous.host.logLevel
    }

    private init(
        _ image: PluginImage, _ file: ListenerFile, _ settings: Settings, _ listener: SimulatedListener,
        _ family: Family
    ) throws(Failure) {
        self.settings = settings
        self.family = family
        do throws(InstanceRefusal) {
            host = try SimulatedHost(
                image, options: file.options, settings: settings.applied(to: file.settings), on: listener,
                in: family.simulation, onCall: settings.onCall)
        } catch {
            if family.handles.isEmpty { family.simulation.end() }
            throw .instance(error)
        }
        family.handles.append(self)
    }

    private static func image(of plugin: UnsafePointer<martlet_plugin>) throws(Failure) -> PluginImage {
        do throws(DescriptorReader.Problem) {
            return PluginImage(try DescriptorReader(plugin))
        } catch {
            throw .descriptor(error)
        }
    }

    private static func file(
        _ text: String, _ settings: Settings, _ image: PluginImage
    ) throws(Failure) -> ListenerFile {
        do throws(ConfigurationError) {
            return try ListenerFile(text, path: settings.path, for: image.description)
        } catch {
            throw .options(error)
        }
    }

    static func of(_ pointer: OpaquePointer) -> Handle {
        Unmanaged<Handle>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
    }

    /// For the caller, until `release`. The family keeps it.
    var pointer: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    func release() {
        host.shutDown()
        let family = family
        family.handles.removeAll { $0 === self }
        if family.handles.isEmpty { family.simulation.end() }
    }
}
