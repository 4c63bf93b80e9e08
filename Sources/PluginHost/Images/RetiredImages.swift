import CLinux
import Glibc
import Synchronization

/// Images that stay mapped although they are no longer used, and their cost.
package struct RetiredImageReport: Codable, Sendable, Equatable {
    package var count = 0
    /// Bytes on the file system of the runtime directory: a private copy takes space as long as it is mapped, even without a name.
    package var fileBytes: UInt64 = 0
    /// Bytes of memory, measured when each image retired. If the runtime directory is a tmpfs, this counts pages of the private
    /// copies a second time.
    package var residentBytes: UInt64 = 0
    /// The part of `residentBytes` in pages that the image has written to, which are in no file.
    package var ownBytes: UInt64 = 0

    package init() {}

    package static func + (one: RetiredImageReport, other: RetiredImageReport) -> RetiredImageReport {
        var sum = one
        sum.count += other.count
        sum.fileBytes += other.fileBytes
        sum.residentBytes += other.residentBytes
        sum.ownBytes += other.ownBytes
        return sum
    }
}

/// Swift images are never unmapped. An image that is loaded again, after a rollback, is no longer retired.
final class RetiredImages: Sendable {
    private let images = Mutex<[String: RetiredImageReport]>([:])

    private let onChange: @Sendable (RetiredImageReport) -> Void

    /// - Parameter onChange: is told the cost of all of them, in order.
    init(onChange: @escaping @Sendable (RetiredImageReport) -> Void) { self.onChange = onChange }

    /// Called after dlclose(3) of an image. Checks whether the image is still mapped.
    func addIfMapped(_ path: String, hash: String, fileBytes: UInt64) {
        var report = RetiredImageReport()
        (report.count, report.fileBytes) = (1, fileBytes)
        guard linux_image_memory(path, &report.residentBytes, &report.ownBytes) != 0 else { return }
        change { $0[hash] = report }
    }

    func remove(_ hash: String) { change { $0[hash] = nil } }

    private func change(_ body: (inout [String: RetiredImageReport]) -> Void) {
        images.withLock { images in
            body(&images)
            onChange(images.values.reduce(RetiredImageReport(), +))
        }
    }
}

/// The space that a file takes on its file system. stat(2)
func allocatedBytes(of path: String) -> UInt64 {
    var status = stat()
    return stat(path, &status) == 0 ? UInt64(status.st_blocks) * 512 : 0
}
