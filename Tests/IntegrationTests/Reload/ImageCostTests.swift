import Glibc
import Server
import Testing

/// The cost of a swap: a Swift image stays mapped, and its private copy stays on disk as long.
@Suite struct ImageCostTests {
    @Test func thePrivateCopyHasOnlyWhatIsLoaded() throws {
        let server = try RunningServer.echo()
        let hash = try server.row("echo").hash
        let file = try Files.read(server.folder.file("echo.so"))
        let copy = try Files.read("\(server.folder.images)/\(hash).so")
        #expect(copy.count < file.count * 3 / 4, "\(copy.count) of \(file.count) bytes")
        #expect(try Files.read("\(server.folder.state)/images/\(hash).so") == file, "expected the complete original")
        #expect(try server.connect().ask("works") == "works")
    }

    @Test func unneededOriginalsAreRemoved() throws {
        let folder = try ServerFolder()
        try folder.serveEcho(version: 1)
        let server = try RunningServer(folder)
        var hashes: [String] = []
        for version in 2...4 {
            hashes.append(try server.row("echo").hash)
            try folder.install("EchoPlugin", version: version)
            try server.reload()
        }
        hashes.append(try server.row("echo").hash)
        // The running image and the one that a rollback would run.
        #expect(Files.names(in: folder.state + "/images") == hashes.suffix(2).map { $0 + ".so" }.sorted())
        #expect(Files.names(in: folder.images) == hashes.suffix(2).map { $0 + ".so" }.sorted())
    }

    @Test func theStatusReportsTheCostOfRetiredImages() throws {
        let folder = try ServerFolder()
        try folder.serveEcho(version: 1)
        let server = try RunningServer(folder)
        #expect(try server.status().retiredImages.count == 0)
        let first = try server.row("echo").hash
        for version in 2...4 {
            try folder.install("EchoPlugin", version: version)
            try server.reload()
        }
        try waitUntil("three images have retired") { try server.status().retiredImages.count == 3 }
        let report = try server.status().retiredImages
        let mapped = try Smaps(of: server.host, path: "\(folder.images)/\(first).so")
        // The report is measured when an image retires. It does not show pages that were read in, or merged by the kernel, since then.
        #expect(report.residentBytes / 3 >= mapped.resident / 2 && report.residentBytes / 3 <= mapped.resident * 2)
        #expect(report.ownBytes > 0 && report.ownBytes <= report.residentBytes)
        #expect(report.fileBytes > 3 * 4_096)
        let text = try folder.martlet("status").output
        #expect(text.contains("3 images stay mapped: "), "\(text)")
        let metrics = try folder.martlet("metrics").output
        #expect(metrics.contains("\nmartlet_retired_images 3\n"))
        #expect(metrics.contains("\nmartlet_retired_image_file_bytes \(report.fileBytes)\n"))

        // An image that runs again is no longer retired.
        try server.rollback("echo")
        try waitUntil("another image is retired instead") { try server.generations(of: "echo").count == 1 }
        #expect(try server.status().retiredImages.count == 3)
    }

    /// The images of C plugins are unmapped.
    @Test func anUnmappedImageCostsNothing() throws {
        let server = try RunningServer.mover(Mover("1"))
        try server.swap(to: Mover("2"))
        try server.swap(to: Mover("3"))
        try waitUntil("one generation is left") { try server.generations(of: "mover").count == 1 }
        #expect(try server.status().retiredImages.count == 0)
    }
}

/// The mappings of a file in /proc/PID/smaps.
private struct Smaps {
    private(set) var resident: UInt64 = 0

    init(of pid: Int32, path: String) throws {
        var isOurs = false
        for line in try Files.text("/proc/\(pid)/smaps").split(separator: "\n") {
            let words = line.split(separator: " ")
            if words[0].contains("-") { isOurs = line.contains(path) }
            if isOurs, words[0] == "Rss:" { resident += (UInt64(words[1]) ?? 0) << 10 }
        }
    }
}
