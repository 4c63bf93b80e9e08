import CMartlet
import Operations
import PluginABI

/// Reads a plugin's descriptor and checks everything that can be checked without calling the plugin.
package struct DescriptorReader {
    /// An array in a descriptor that is longer than this is a mistake.
    private static let countLimit = 1_000
    private static let textLimit = 64 << 10

    package typealias Problem = SizedStructProblem

    /// The plugin's own.
    package let descriptor: UnsafePointer<martlet_plugin>
    /// The part of the descriptor that this host knows.
    package let plugin: martlet_plugin
    package let description: PluginDescription
    /// nil: the plugin does not serve streams.
    package let callbacks: SessionCallbacks?
    package let operations: OperationTable
    /// nil: the plugin does not move its state.
    package let state: InstanceStateFunctions?

    package init(_ pointer: UnsafePointer<martlet_plugin>) throws(Problem) {
        descriptor = pointer
        // Size and version are in the same place in every version.
        let abi = pointer.pointee.abi
        guard abi >> 16 == UInt32(MARTLET_ABI_MAJOR) else {
            throw Problem(
                "built for plugin ABI \(versionText(abi)), this host speaks \(Version.abi); "
                    + "build it against this host's martlet.h")
        }
        plugin = try martlet_plugin.read(pointer, "its descriptor")
        for (name, isThere) in [("create", plugin.create != nil), ("destroy", plugin.destroy != nil)] where !isThere {
            throw Problem("its descriptor lacks the function \"\(name)\"")
        }
        callbacks = try SessionCallbacks(plugin)
        state = try InstanceStateFunctions(plugin)
        var description = try Self.describe(plugin, isForStreams: callbacks != nil)
        for id in description.requiredExtensions where !HostExtensions.ids.contains(id) {
            throw Problem(
                "needs the host extension \(id), which this host does not have "
                    + "(it has \(HostExtensions.ids.joined(separator: ", ")))")
        }
        do throws(Signature.Problem) {
            operations = try OperationTable(of: plugin)
        } catch {
            throw Problem(error.text)
        }
        description.operations = operations.operations.map(\.description)
        self.description = description
    }

    private static func describe(
        _ plugin: martlet_plugin, isForStreams: Bool
    ) throws(Problem) -> PluginDescription {
        let name = try text(plugin.name, "name")
        guard isName(name) else {
            throw Problem("its name \"\(name)\" is not valid: expected letters, digits, '-' and '_'")
        }
        return PluginDescription(
            name: name, version: try text(plugin.version, "version"), summary: try text(plugin.summary, "summary"),
            example: try text(plugin.example, "example"),
            abi: versionText(plugin.abi), threads: try threads(plugin.threads),
            unloadable: plugin.flags & MARTLET_PLUGIN_UNLOADABLE != 0, isForStreams: isForStreams,
            options: try options(plugin.options, plugin.option_count, depth: 0),
            extensions: try extensions(plugin), requiredExtensions: try requiredExtensions(plugin))
    }

    private static func threads(_ value: martlet_threads) throws(Problem) -> PluginDescription.Threads {
        switch value {
        case MARTLET_THREADS_LOOPS: return .loops
        case MARTLET_THREADS_WORKERS: return .workers
        case MARTLET_THREADS_BOTH: return .both
        default: throw Problem("its threads model is \(value), expected 1 to 3")
        }
    }

    private static func extensions(_ plugin: martlet_plugin) throws(Problem) -> [String] {
        var ids: [String] = []
        for entry in try plugin.readExtensions() {
            guard entry.functions != nil else { throw Problem("an extension has no functions") }
            ids.append(try text(entry.id, "extension id"))
        }
        return ids
    }

    private static func requiredExtensions(_ plugin: martlet_plugin) throws(Problem) -> [String] {
        guard plugin.required_extension_count > 0 else { return [] }
        guard let first = plugin.required_extensions, plugin.required_extension_count <= countLimit else {
            throw Problem("its required extensions cannot be read")
        }
        return try (0..<plugin.required_extension_count).map { (index) throws(Problem) -> String in
            try text(first[index], "required extension")
        }
    }

    private static func options(
        _ first: UnsafePointer<martlet_option>?, _ count: Int, depth: Int
    ) throws(Problem) -> [PluginOption] {
        guard depth < 8 else { throw Problem("its options are nested too deeply") }
        var described: [PluginOption] = []
        for entry in try martlet_option.readArray(first, count: count, "its options") {
            described.append(try option(entry, depth: depth))
        }
        return described
    }

    private static func option(_ option: martlet_option, depth: Int) throws(Problem) -> PluginOption {
        let key = try text(option.key, "option key")
        guard !key.isEmpty else { throw Problem("an option has no key") }
        let kind = try kind(option.type, key)
        let hasRange = option.minimum <= option.maximum
        guard option.choice_count == 0 || option.choices != nil, option.choice_count <= countLimit else {
            throw Problem("the choices of option \(key) cannot be read")
        }
        let choices = try (0..<option.choice_count).map { (index) throws(Problem) -> String in
            try text(option.choices[index], "choice of option \(key)")
        }
        let defaultValue = try text(option.default_value, "default of option \(key)")
        return PluginOption(
            key: key, kind: kind, help: try text(option.help, "help of option \(key)"),
            defaultValue: defaultValue.isEmpty ? nil : defaultValue, required: option.required != 0,
            element: kind == .list ? try self.kind(option.element, key) : nil,
            minimum: hasRange ? option.minimum : nil, maximum: hasRange ? option.maximum : nil, choices: choices,
            children: try options(option.children, option.child_count, depth: depth + 1))
    }

    private static func kind(_ type: martlet_type, _ key: String) throws(Problem) -> PluginOption.Kind {
        switch type {
        case MARTLET_TYPE_BOOLEAN: return .boolean
        case MARTLET_TYPE_INTEGER: return .integer
        case MARTLET_TYPE_NUMBER: return .number
        case MARTLET_TYPE_TEXT: return .text
        case MARTLET_TYPE_DURATION: return .duration
        case MARTLET_TYPE_SIZE: return .size
        case MARTLET_TYPE_PATH: return .path
        case MARTLET_TYPE_LIST: return .list
        case MARTLET_TYPE_TABLE: return .table
        default: throw Problem("option \(key) has the unknown type \(type)")
        }
    }

    private static func text(_ text: martlet_text, _ what: String) throws(Problem) -> String {
        guard text.length > 0 else { return "" }
        guard let data = text.data, text.length <= textLimit else { throw Problem("its \(what) cannot be read") }
        let bytes = UnsafeRawBufferPointer(start: data, count: text.length)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Problem("its \(what) is not UTF-8") }
        return text
    }
}
