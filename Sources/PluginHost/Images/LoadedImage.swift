import Glibc
import Instances

/// A plugin image that is mapped from its private copy.
package final class LoadedImage: PluginImage, @unchecked Sendable {
    private let handle: UnsafeMutableRawPointer
    private let path: String
    private let fileBytes: UInt64
    private let retired: RetiredImages

    init(_ image: StagedImage, unloadable: Bool, retired: RetiredImages) throws(DescriptorReader.Problem) {
        let library = try LoadedLibrary(path: image.path, unloadable: unloadable) { _ in }
        retired.remove(image.hash)
        path = image.path
        self.retired = retired
        handle = library.handle
        fileBytes = allocatedBytes(of: path)
        super.init(library.reader, hash: image.hash)
    }

    deinit {
        // Swift images are opened with RTLD_NODELETE: for them this only decrements a count.
        dlclose(handle)
        retired.addIfMapped(path, hash: hash, fileBytes: fileBytes)
    }
}
