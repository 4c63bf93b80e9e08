import Glibc
import HTTPWire

/// A file that is being served, or was served recently: the content of a small file, the descriptor of a larger one. Its
/// references are counted by hand: the cache has one share, and each answer that is being sent has another. Releasing the
/// last share closes the file.
struct CachedFile {
    /// Contents up to this many bytes are kept in memory: one copy is cheaper than sendfile(2).
    static let smallest = 16 << 10

    /// The key in the cache.
    let key: FileKey
    let identity: FileIdentity
    let mediaType: StaticString
    /// The value that is sent: never later than the `Date` of an answer (RFC 9110 8.8.2.1).
    let lastModified: HTTPDate
    /// The whole answer for a small file, the head of the answer for a larger one.
    var answer: PreparedAnswer
    /// -1: the content is in `answer`.
    let descriptor: Int32
    /// The second in which the path was last checked to lead to this file.
    var checkedAt: Int64
    private var shares = 1

    // Links in the lists of the cache.
    var nextInBucket: CachedFilePointer?
    var newer: CachedFilePointer?
    var older: CachedFilePointer?

    init(
        key: FileKey, identity: FileIdentity, mediaType: StaticString, lastModified: HTTPDate, answer: PreparedAnswer,
        descriptor: Int32, checkedAt: Int64
    ) {
        self.key = key
        self.identity = identity
        self.mediaType = mediaType
        self.lastModified = lastModified
        self.answer = answer
        self.descriptor = descriptor
        self.checkedAt = checkedAt
    }

    fileprivate mutating func addShare() { shares += 1 }

    fileprivate mutating func dropShare() -> Bool {
        shares -= 1
        return shares == 0
    }
}

typealias CachedFilePointer = UnsafeMutablePointer<CachedFile>

extension CachedFilePointer {
    func retain() { pointee.addShare() }

    func release() {
        guard pointee.dropShare() else { return }
        if pointee.descriptor >= 0 { close(pointee.descriptor) }
        pointee.answer.deallocate()
        pointee.key.path.deallocate()
        deallocate()
    }
}

/// A path below one of the folders, with its hash.
struct FileKey {
    let folder: Int
    /// Relative, in normal form.
    let path: Bytes
    let hash: UInt64

    /// Hashes with FNV-1a. Only existing files get into the table, so peers cannot cause collisions on purpose.
    init(folder: Int, path: Bytes) {
        self.folder = folder
        self.path = path
        var hash = 0xcbf2_9ce4_8422_2325 ^ UInt64(folder)
        for byte in path { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        self.hash = hash
    }

    private init(folder: Int, copying path: Bytes, hash: UInt64) {
        self.folder = folder
        self.path = Bytes(copying: path)
        self.hash = hash
    }

    /// A copy with its own path, which `CachedFilePointer.release` deallocates.
    var copy: FileKey { FileKey(folder: folder, copying: path, hash: hash) }

    func isSame(_ other: FileKey) -> Bool {
        hash == other.hash && folder == other.folder && path.count == other.path.count
            && memcmp(path.baseAddress!, other.path.baseAddress!, path.count) == 0
    }
}
