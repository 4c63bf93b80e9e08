import Instances
import Synchronization

/// The images in this process. The same content is loaded once.
package final class LoadedImages: Sendable {
    private struct WeakImage: Sendable {
        weak let image: PluginImage?
    }

    private let retired: RetiredImages
    /// By the hash.
    private let images = Mutex<[String: WeakImage]>([:])

    /// - Parameter onRetired: is told the cost of images that are still mapped but no longer used, when it has changed.
    package init(onRetired: @escaping @Sendable (RetiredImageReport) -> Void = { _ in }) {
        retired = RetiredImages(onChange: onRetired)
    }

    /// Loads an image that has been probed.
    ///
    /// - Parameter file: the plugin in the folder, for messages.
    package func load(
        _ staged: StagedImage, _ description: PluginDescription, file: String
    ) throws(ImageRefusal) -> PluginImage {
        if let loaded = images.withLock({ $0[staged.hash]?.image }) { return loaded }
        do throws(DescriptorReader.Problem) {
            let image = try PluginImage(staged, unloadable: description.unloadable, retired: retired)
            images.withLock { $0[staged.hash] = WeakImage(image: image) }
            return image
        } catch {
            throw ImageRefusal(file, error.text)
        }
    }
}
