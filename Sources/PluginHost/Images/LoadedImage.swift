import CMartlet
import Engine
import Glibc
import Operations

/// One plugin image in this process.
package final class LoadedImage: @unchecked Sendable {
    package let hash: String
    package let description: PluginDescription
    let plugin: martlet_plugin
    let callbacks: SessionCallbacks
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
        try self.init(library, path: image.path, hash: image.hash, retired: retired)
    }

    /// - Parameter path: of the private copy. There may be none, as with a plugin that is a part of a test.
    init(
        _ library: LoadedLibrary, path: String, hash: String, retired: RetiredImages
    ) throws(DescriptorReader.Problem) {
        self.hash = hash
        self.path = path
        self.retired = retired
        handle = library.handle
        fileBytes = allocatedBytes(of: path)
        plugin = library.plugin
        description = library.description
        operations = library.operations
        guard var callbacks = SessionCallbacks(library.plugin) else { throw .init("its descriptor lacks functions") }
        callbacks.migration = MigrationCallbacks(library.plugin)
        self.callbacks = callbacks
    }

    deinit {
        // Swift images are opened with RTLD_NODELETE: for them this only lowers a count.
        dlclose(handle)
        retired.addIfMapped(path, hash: hash, fileBytes: fileBytes)
    }
}

extension SessionCallbacks {
    init?(_ plugin: martlet_plugin) {
        guard let opened = plugin.opened, let received = plugin.received, let closed = plugin.closed else { return nil }
        self.init(opened: opened, received: received, closed: closed)
        writable = plugin.writable
        timer = plugin.timer
        peerClosed = plugin.peer_closed
        draining = plugin.draining
        loopStart = plugin.loop_start
        loopStop = plugin.loop_stop
    }
}
