import CMartlet
import Synchronization

/// The plugins of this image: one in a loadable library, several in a test binary, which links many of them. A constant
/// of the image, not state: instances and sessions carry all that changes.
final class ExportedPlugins: Sendable {
    static let shared = ExportedPlugins()

    typealias Create =
        @convention(c) (
            UnsafePointer<martlet_host>?, OpaquePointer?, UnsafePointer<martlet_value>?,
            UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        ) -> martlet_result

    private struct Entry: @unchecked Sendable {
        let type: any Plugin.Type
        let descriptor: UnsafePointer<martlet_plugin>
    }

    private let entries = Mutex<[Entry]>([])

    func descriptor<P: Plugin>(of plugin: P.Type) -> UnsafePointer<martlet_plugin> {
        entries.withLock { entries in
            if let found = entries.first(where: { $0.type == plugin }) { return found.descriptor }
            precondition(
                entries.count < Self.creators.count, "one image exports at most \(Self.creators.count) plugins")
            let state = (P.Session.self as? any RestorableSession.Type)?.stateSchema
            let made = makeDescriptor(plugin.manifest, stateSchema: state, create: Self.creators[entries.count])
            entries.append(Entry(type: plugin, descriptor: made))
            return made
        }
    }

    /// A C function carries no type and `create` gets nothing else that would, so each plugin has one of its own.
    private static let creators: [Create] = [
        { create(0, $0, $1, $2, $3) }, { create(1, $0, $1, $2, $3) },
        { create(2, $0, $1, $2, $3) }, { create(3, $0, $1, $2, $3) },
        { create(4, $0, $1, $2, $3) }, { create(5, $0, $1, $2, $3) },
        { create(6, $0, $1, $2, $3) }, { create(7, $0, $1, $2, $3) },
        { create(8, $0, $1, $2, $3) }, { create(9, $0, $1, $2, $3) },
        { create(10, $0, $1, $2, $3) }, { create(11, $0, $1, $2, $3) },
        { create(12, $0, $1, $2, $3) }, { create(13, $0, $1, $2, $3) },
        { create(14, $0, $1, $2, $3) }, { create(15, $0, $1, $2, $3) },
    ]

    @inline(never)
    private static func create(
        _ index: Int, _ host: UnsafePointer<martlet_host>?, _ instance: OpaquePointer?,
        _ options: UnsafePointer<martlet_value>?, _ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> martlet_result {
        guard let host, let instance, let options, let state else { return MARTLET_ERROR_ARGUMENT }
        let plugin = shared.entries.withLock { $0[index].type }
        do throws(OptionError) {
            state.pointee = try plugin.createInstance(host, instance, options)
            return MARTLET_OK
        } catch {
            withText(error.path) { path in
                withText(error.message) { host.pointee.refuse(instance, path, $0) }
            }
            return MARTLET_ERROR_ARGUMENT
        }
    }
}
