import CMartlet
import Engine
import Glibc
import Operations
import PluginABI

/// One plugin image in this process.
package final class LoadedImage: @unchecked Sendable {
    package let hash: String
    package let description: PluginDescription
    let descriptor: UnsafePointer<martlet_plugin>
    let plugin: martlet_plugin
    /// nil: the plugin does not serve streams.
    package let callbacks: SessionCallbacks?
    package let operations: OperationTable
    private let handle: UnsafeMutableRawPointer
    private let path: String
    private let fileBytes: UInt64
    private let retired: RetiredImages

    convenience init(
        _ image: StagedImage, unloadable: Bool, retired: RetiredImages
    ) throws(DescriptorReader.Problem) {
        let library = try LoadedLibrary(path: image.path, unloadable: unloadable) { _ in }
        retired.remove(image.hash)
        self.init(library, path: image.path, hash: image.hash, retired: retired)
    }

    /// - Parameter path: of the private copy. There may be none, as for a plugin that is linked into a test.
    init(
        _ library: LoadedLibrary, path: String, hash: String, retired: RetiredImages
    ) {
        self.hash = hash
        self.path = path
        self.retired = retired
        handle = library.handle
        fileBytes = allocatedBytes(of: path)
        descriptor = library.descriptor
        plugin = library.plugin
        callbacks = library.callbacks
        description = library.description
        operations = library.operations
    }

    deinit {
        // Swift images are opened with RTLD_NODELETE: for them this only decrements a count.
        dlclose(handle)
        retired.addIfMapped(path, hash: hash, fileBytes: fileBytes)
    }
}
