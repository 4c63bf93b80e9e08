import CMartlet
import Configuration
import Engine
import Glibc
import Synchronization

/// One plugin image in this process.
package final class LoadedImage: @unchecked Sendable {
    package let hash: String
    package let description: PluginDescription
    let plugin: martlet_plugin
    let callbacks: SessionCallbacks
    /// Set when the sessions of this plugin can be saved and restored.
    package let stateSchema: StateSchema?
    private let handle: UnsafeMutableRawPointer

    init(_ image: StagedImage, unloadable: Bool) throws(DescriptorReader.Problem) {
        let library = try LoadedLibrary(path: image.path, unloadable: unloadable) { _ in }
        hash = image.hash
        handle = library.handle
        plugin = library.plugin
        description = library.description
        guard var callbacks = SessionCallbacks(library.plugin) else { throw .init("its descriptor lacks functions") }
        stateSchema = StateSchema(library.plugin, library.description, &callbacks)
        self.callbacks = callbacks
    }

    /// A struct of functions that the plugin offers, by id.
    package func `extension`(_ id: String) -> UnsafeRawPointer? {
        extensionFunctions(of: plugin, description, id)
    }

    deinit {
        // Swift images are opened with RTLD_NODELETE: for them this only lowers a count.
        dlclose(handle)
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

/// From a file to an image: copy, probe, load. The same content is loaded once.
package final class ImageLoader: Sendable {
    package let store: ImageStore
    private let probe: ImageProbe
    private let images = Mutex<[String: WeakImage]>([:])
    private let descriptions = Mutex<[String: PluginDescription]>([:])

    private struct WeakImage: Sendable {
        weak let image: LoadedImage?
    }

    package init(store: ImageStore, probe: ImageProbe) {
        self.store = store
        self.probe = probe
    }

    /// What the plugin in a file is, without loading it into this process. Its owner and signature are checked each time,
    /// also when the image is known.
    package func describe(
        _ file: String, trust: PluginTrust
    ) throws(ImageRefusal) -> (StagedImage, PluginDescription) {
        let staged = try store.stage(file, trust: trust)
        if let known = descriptions.withLock({ $0[staged.hash] }) { return (staged, known) }
        let description: PluginDescription
        do throws(ImageRefusal) {
            description = try probe.run(staged, file: file)
        } catch {
            unlink(staged.path)
            throw error
        }
        descriptions.withLock { $0[staged.hash] = description }
        return (staged, description)
    }

    /// An image that has been probed, in this process.
    package func load(
        _ staged: StagedImage, _ description: PluginDescription, file: String
    ) throws(ImageRefusal) -> LoadedImage {
        if let loaded = images.withLock({ $0[staged.hash]?.image }) { return loaded }
        do throws(DescriptorReader.Problem) {
            let image = try LoadedImage(staged, unloadable: description.unloadable)
            images.withLock { $0[staged.hash] = WeakImage(image: image) }
            return image
        } catch {
            throw ImageRefusal(file, error.text)
        }
    }
}
