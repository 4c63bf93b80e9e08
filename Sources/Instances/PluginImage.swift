import CMartlet
import Operations
import PluginABI

/// The code of one plugin in this process, by its descriptor. Instances keep it as long as they live.
package final class PluginImage: @unchecked Sendable {
    /// The SHA-256 of the file; empty for a plugin that is not from a file, as in tests.
    package let hash: String
    package let description: PluginDescription
    /// The plugin's own descriptor, which `create` gets.
    package let descriptor: UnsafePointer<martlet_plugin>
    package let plugin: martlet_plugin
    /// nil: the plugin does not serve streams.
    package let callbacks: SessionCallbacks?
    package let operations: OperationTable
    /// nil: the plugin does not move its state.
    package let state: InstanceStateFunctions?
    /// Keeps the image mapped.
    private let mapping: AnyObject?

    package init(_ reader: DescriptorReader, hash: String = "", mapping: AnyObject? = nil) {
        self.mapping = mapping
        self.hash = hash
        description = reader.description
        descriptor = reader.descriptor
        plugin = reader.plugin
        callbacks = reader.callbacks
        operations = reader.operations
        state = reader.state
    }
}
