import Glibc
import HTTPWire
import MartletKit

/// The result of a lookup of a request path in a folder.
enum FileLookup {
    /// With a share for the caller, which releases it.
    case file(CachedFilePointer)
    case directory
    /// No file, or the path cannot be the path of a file.
    case missing
    /// Not served: no permission, a symbolic link that leads out, a FIFO, a socket, a device.
    case forbidden
    /// The process is out of descriptors or memory.
    case unavailable
    /// The file system failed.
    case failed
}

/// The folders of an instance and their recently used files, for one event loop. A handle, so that a call on it copies only
/// a pointer.
///
/// A file is opened again at most once a second, and only then a change becomes visible. Every rule of the lookup is applied
/// again at that time; comparing the times of the file would not be enough. The calls block as long as the file system does.
struct FileCache {
    private let core: UnsafeMutablePointer<Core>

    private struct Core {
        var table: FileTable
        let folders: UnsafeMutableBufferPointer<ServedFolder>
        let server: FieldText
    }

    init(capacity: Int, folders: [FolderDescription], server: FieldText) {
        let served = UnsafeMutableBufferPointer<ServedFolder>.allocate(capacity: folders.count)
        _ = served.initialize(from: folders.map { ServedFolder($0) })
        core = .allocate(capacity: 1)
        core.initialize(to: Core(table: FileTable(capacity: capacity), folders: served, server: server))
    }

    func deallocate() {
        core.pointee.table.deallocate()
        for folder in core.pointee.folders { folder.release() }
        core.pointee.folders.deallocate()
        core.deinitialize(count: 1)
        core.deallocate()
    }

    /// Removes all files from the cache, and returns their number. Files that are being sent stay open until they are sent.
    func clear() -> Int64 {
        defer { core.pointee.table.removeAll() }
        return Int64(core.pointee.table.count)
    }

    func folder(_ index: Int) -> ServedFolder { core.pointee.folders[index] }

    /// `relative` is in normal form and does not begin with a slash.
    func find(_ relative: Bytes, in folder: Int, at second: Int64, _ metrics: HTTP.Metrics) -> FileLookup {
        let key = FileKey(folder: folder, path: relative)
        let known = core.pointee.table.find(key)
        if let known, known.pointee.checkedAt == second {
            metrics.fileCacheHits.add()
            core.pointee.table.touch(known)
            known.retain()
            return .file(known)
        }
        metrics.fileCacheMisses.add()
        let opened = OpenedFile(openWithRetry(key, at: second))
        if let known {
            if case .regular(let descriptor, let identity) = opened, identity == known.pointee.identity {
                close(descriptor)
                known.pointee.checkedAt = second
                core.pointee.table.touch(known)
                known.retain()
                return .file(known)
            }
            core.pointee.table.remove(known)
        }
        switch opened {
        case .other(let lookup): return lookup
        case .regular(let descriptor, let identity):
            guard let file = load(descriptor, identity, key, at: second) else { return .failed }
            core.pointee.table.insert(file)
            return .file(file)
        }
    }

    /// If the process is out of descriptors, closes those of the cache and retries.
    private func openWithRetry(_ key: FileKey, at second: Int64) -> Int32 {
        let result = core.pointee.folders[key.folder].openFile(key.path, at: second)
        guard result == -EMFILE || result == -ENFILE, core.pointee.table.count > 0 else { return result }
        core.pointee.table.removeAll()
        return core.pointee.folders[key.folder].openFile(key.path, at: second)
    }

    private func load(
        _ descriptor: Int32, _ identity: FileIdentity, _ key: FileKey, at second: Int64
    ) -> CachedFilePointer? {
        let folder = core.pointee.folders[key.folder]
        let namesFolder = key.path.last.map { $0 == UInt8(ascii: "/") } ?? true
        let name = namesFolder ? folder.index : key.path
        let mediaType = MediaType.forFile(named: RawSpan(_unsafeBytes: UnsafeRawBufferPointer(name)))
        let lastModified = HTTPDate(secondsSinceEpoch: min(identity.modifiedSeconds, second))
        let content = readSmall(descriptor, identity.size)
        let made = PreparedAnswer(
            status: .ok, content: content ?? [],
            headRoom: 512 + folder.cacheControl.count + core.pointee.server.bytes.count
        ) { writer in
            writer.server(core.pointee.server)
            writer.contentType(mediaType)
            writer.contentLength(identity.size)
            writer.fileFields(identity.entityTag, lastModified, folder.cacheControl)
            writer.field("Accept-Ranges", "bytes")
        }
        guard let answer = made else {
            close(descriptor)
            return nil
        }
        if content != nil { close(descriptor) }
        let file = CachedFilePointer.allocate(capacity: 1)
        file.initialize(
            to: CachedFile(
                key: key.copy, identity: identity, mediaType: mediaType, lastModified: lastModified, answer: answer,
                descriptor: content == nil ? descriptor : -1, checkedAt: second))
        return file
    }

    /// Reads a small file. nil: the file is too large, or it has become shorter; then sendfile(2) sends it and notices that.
    private func readSmall(_ descriptor: Int32, _ size: UInt64) -> [UInt8]? {
        guard size <= CachedFile.smallest else { return nil }
        let content = [UInt8](unsafeUninitializedCapacity: Int(size)) { memory, count in
            while count < Int(size) {
                let result = pread(descriptor, memory.baseAddress! + count, Int(size) - count, count)
                if result < 0, errno == EINTR { continue }
                if result <= 0 { return }
                count += result
            }
        }
        return content.count == Int(size) ? content : nil
    }
}

extension ResponseHeadWriter {
    /// The fields that a 200, a 206 and a 304 have in common (RFC 9110 15.3.7 and 15.4.5).
    mutating func fileFields(_ tag: EntityTagText, _ lastModified: HTTPDate?, _ cacheControl: Bytes) {
        if let lastModified { self.lastModified(lastModified.text) }
        let bytes = tag
        bytes.withBytes { entityTag($0) }
        if !cacheControl.isEmpty {
            field("Cache-Control", RawSpan(_unsafeBytes: UnsafeRawBufferPointer(cacheControl)))
        }
    }
}
