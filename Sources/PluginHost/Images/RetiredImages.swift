import CLinux
import Glibc
import Synchronization

/// Images that stay mapped although nothing runs them any more, and what they cost.
package struct RetiredImageReport: Codable, Sendable, Equatable {
    package var count = 0
    /// On the file system of the runtime directory: a private copy takes its place as long as it is mapped, also without a name.
    package var fileBytes: UInt64 = 0
    /// Of memory, measured when each of them retired. Where the runtime directory is a tmpfs this counts pages of the private
    /// copies a second time.
    package var residentBytes: UInt64 = 0
    /// Of `residentBytes`: pages that the image has written to, which no file has.
    package var ownBytes: UInt64 = 0
}

/// Swift images are never unmapped. One that is loaded again, after a rollback, is retired no more.
final class RetiredImages: Sendable {
    private let images = Mutex<[String: RetiredImageReport]>([:])

    var report: RetiredImageReport {
        images.withLock { images in
            images.values.reduce(into: RetiredImageReport()) { sum, image in
                sum.count += 1
                sum.fileBytes += image.fileBytes
                sum.residentBytes += image.residentBytes
                sum.ownBytes += image.ownBytes
            }
        }
    }

    /// After dlclose(3) of an image: whether it is still there is asked, not assumed.
    func addIfMapped(_ path: String, hash: String, fileBytes: UInt64) {
        var report = RetiredImageReport(count: 1, fileBytes: fileBytes)
        guard linux_image_memory(path, &report.residentBytes, &report.ownBytes) != 0 else { return }
        images.withLock { $0[hash] = report }
    }

    func remove(_ hash: String) {
        images.withLock { $0[hash] = nil }
    }
}

/// What a file takes on its file system. stat(2)
func allocatedBytes(of path: String) -> UInt64 {
    var status = stat()
    return stat(path, &status) == 0 ? UInt64(status.st_blocks) * 512 : 0
}
