import CFileAccess
import Glibc

/// The folder of a route, for one event loop. A trivial type; the cache owns the memory that it points to.
struct ServedFolder {
    /// Absolute, with a NUL.
    let path: UnsafePointer<CChar>
    /// The name of the file that is served for a folder.
    let index: Bytes
    /// Empty: no `Cache-Control`.
    let cacheControl: Bytes
    private var descriptor: Int32 = -1
    private var openedAt = Int64.min

    init(_ description: FolderDescription) {
        path = UnsafePointer(strdup(description.root))
        index = Bytes(copying: description.index.utf8)
        cacheControl = Bytes(copying: description.cacheControl?.bytes ?? [])
    }

    /// Returns a descriptor of the folder, or a negative errno.
    ///
    /// The path is looked up once a second, not only once: so a deploy that switches a symbolic link to a new folder takes
    /// effect without a reload.
    mutating func open(at second: Int64) -> Int32 {
        if second == openedAt { return descriptor }
        let opened = file_access_open_folder(path)
        if descriptor >= 0 { close(descriptor) }
        descriptor = opened
        openedAt = second
        return descriptor
    }

    /// Opens a file by its path in normal form, relative to this folder. A path that ends with a slash, or is empty, means
    /// the index file. Returns a descriptor, or a negative errno.
    mutating func openFile(_ relative: Bytes, at second: Int64) -> Int32 {
        let folder = open(at: second)
        guard folder >= 0 else { return folder }
        let namesFolder = relative.last.map { $0 == UInt8(ascii: "/") } ?? true
        let count = relative.count + (namesFolder ? index.count : 0)
        guard count < Int(PATH_MAX) else { return -ENAMETOOLONG }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { name in
            name[count] = 0
            let bytes = UnsafeMutableRawBufferPointer(name)
            bytes.copyMemory(from: UnsafeRawBufferPointer(relative))
            if namesFolder {
                UnsafeMutableRawBufferPointer(rebasing: bytes[relative.count...])
                    .copyMemory(from: UnsafeRawBufferPointer(index))
            }
            return file_access_open(folder, name.baseAddress!)
        }
    }

    func release() {
        if descriptor >= 0 { close(descriptor) }
        free(UnsafeMutablePointer(mutating: path))
        index.deallocate()
        cacheControl.deallocate()
    }
}
