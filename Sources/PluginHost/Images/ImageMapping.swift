import Glibc
import Instances

/// A plugin image that is mapped from its private copy.
private final class ImageMapping {
    private let handle: UnsafeMutableRawPointer
    private let image: StagedImage
    private let fileBytes: UInt64
    private let retired: RetiredImages

    init(_ handle: UnsafeMutableRawPointer, of image: StagedImage, retired: RetiredImages) {
        self.handle = handle
        self.image = image
        self.retired = retired
        fileBytes = allocatedBytes(of: image.path)
    }

    deinit {
        // Swift images are opened with RTLD_NODELETE: for them this only decrements a count.
        dlclose(handle)
        retired.addIfMapped(image.path, hash: image.hash, fileBytes: fileBytes)
    }
}

extension PluginImage {
    /// Maps a private copy. It stays mapped as long as this object.
    convenience init(
        _ image: StagedImage, unloadable: Bool, retired: RetiredImages
    ) throws(DescriptorReader.Problem) {
        let library = try LoadedLibrary(path: image.path, unloadable: unloadable) { _ in }
        retired.remove(image.hash)
        self.init(
            library.reader, hash: image.hash, mapping: ImageMapping(library.handle, of: image, retired: retired))
    }
}
