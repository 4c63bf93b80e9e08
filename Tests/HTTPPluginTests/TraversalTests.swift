import CFileAccess
import Glibc
import MartletKitTesting
import Testing

@testable import HTTPPlugin

/// No name leads to a file outside the folder.
@Suite struct TraversalTests {
    private static let secret = "the secret"
    let outer: TemporaryFolder
    let root: String

    init() throws {
        outer = try TemporaryFolder()
        try outer.write("secret.txt", Self.secret)
        try outer.folder("outside")
        try outer.write("outside/secret.txt", Self.secret)
        try outer.folder("root")
        root = outer.path("root")
        try outer.write("root/open.txt", "open")
        try outer.folder("root/sub")
        try outer.write("root/sub/inner.txt", "inner")
        try outer.link("root/inside.txt", to: "sub/inner.txt")
        try outer.link("root/inside", to: "sub")
        try outer.link("root/sub/up.txt", to: "../open.txt")
        try outer.link("root/out.txt", to: "../secret.txt")
        try outer.link("root/out", to: "../outside")
        try outer.link("root/absolute.txt", to: outer.path("secret.txt"))
        try outer.link("root/absolute", to: outer.path)
        try outer.link("root/loop", to: "loop")
        try outer.link("root/dangling.txt", to: "nothing")
        try outer.link("root/sub/far.txt", to: "../../root/../secret.txt")
        try outer.link("root/self", to: "/proc/self/root")
    }

    /// Paths that lead above the root, or hide a slash or a NUL.
    static let malformed = [
        "/../secret.txt", "/../../../../../../etc/passwd", "/sub/../../secret.txt", "/%2e%2e/secret.txt",
        "/.%2e/secret.txt", "/%2E./secret.txt", "/sub/%2e%2e/%2e%2e/secret.txt", "/..%2fsecret.txt",
        "/..%00/secret.txt", "/open.txt%00.html", "/sub/..%00/../secret.txt", "//../secret.txt", "/%2fetc/passwd",
        "/./../secret.txt", "/sub/./.././../secret.txt", "/%2e%2e", "/..", "/../", "/sub/../..",
        "http://a/../secret.txt", "http://a/%2e%2e/secret.txt", "/inside/../../secret.txt", "/out/../../secret.txt",
    ]
    /// Names of no file, although they look like a way out.
    static let missing = [
        "/..%5csecret.txt", "/..\\secret.txt", "/%252e%252e/secret.txt", "/%c0%ae%c0%ae/secret.txt",
        "/%e0%80%ae%e0%80%ae/secret.txt", "/..%c0%afsecret.txt", "/....//secret.txt", "/..;/secret.txt",
        "///etc/passwd", "//etc/passwd", "/?/../secret.txt", "/dangling.txt",
    ]
    /// Symbolic links that lead out, or in a loop.
    static let links = [
        "/out.txt", "/out/secret.txt", "/out/", "/out", "/absolute.txt", "/absolute/secret.txt", "/sub/far.txt",
        "/loop", "/loop/x", "/self", "/self/etc/passwd", "/inside/../out.txt",
    ]

    @Test(arguments: malformed) func refusesAPathThatLeadsAboveTheRoot(target: String) throws {
        try expect(400, for: target)
    }

    @Test(arguments: missing) func answers404ForAnOddName(target: String) throws { try expect(404, for: target) }

    @Test(arguments: links) func forbidsALinkThatLeadsOut(target: String) throws { try expect(403, for: target) }

    private func expect(_ status: Int, for target: String) throws {
        let client = try Client(root: root)
        client.connection.send("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
        let answer = try Answer(only: client.connection.takeOutput())
        #expect(answer.status == status, "\(target)")
        #expect(!answer.text.contains(Self.secret) && !answer.text.contains("root:"), "\(target)")
        #expect(client.host.shutDown() == [])
    }

    @Test(arguments: ["/inside.txt", "/inside/inner.txt", "/sub/up.txt"])
    func followsALinkThatStaysInside(target: String) throws {
        #expect(try Client(root: root).status("GET", target) == 200)
    }

    /// None of these is a regular file. A FIFO must not block the loop either.
    @Test func servesOnlyRegularFiles() throws {
        try outer.fifo("root/fifo")
        let client = try Client(root: root)
        #expect(try client.status("GET", "/fifo") == 403)
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = outer.path("root/socket").utf8CString
        withUnsafeMutableBytes(of: &address.sun_path) { target in
            path.withUnsafeBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0.prefix(target.count))) }
        }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0)
        #expect(try client.status("GET", "/socket") == 403)
    }

    /// Opening a FIFO affects others, even if nothing is read: it unblocks a waiting writer, whose text is lost. inotify(7)
    /// reports every open except those with O_PATH.
    @Test func neverOpensAFIFO() throws {
        try outer.fifo("root/fifo")
        let fifo = outer.path("root/fifo")
        let opened = inotify_init1(Int32(IN_NONBLOCK))
        defer { close(opened) }
        #expect(inotify_add_watch(opened, fifo, UInt32(IN_OPEN)) > 0)
        let writer = try FIFOWriter(fifo, text: "for the reader")
        try writer.waitUntilItIsBlocked()

        let folder = file_access_open_folder(root)
        defer { close(folder) }
        #expect(file_access_open(folder, "fifo") == -ENXIO)
        #expect(file_access_open_by_component(folder, "fifo") == -ENXIO)
        let client = try Client(root: root)
        #expect(try client.status("GET", "/fifo") == 403)
        var event = [UInt8](repeating: 0, count: 256)
        try #require(read(opened, &event, event.count) == -1 && errno == EAGAIN, "somebody opened the FIFO")

        #expect(try writer.read() == "for the reader")
    }

    @Test func servesNoDevice() throws {
        let client = try Client(root: "/dev")
        for target in ["/null", "/zero", "/tty"] { #expect(try client.status("GET", target) == 403, "\(target)") }
    }

    /// Not for root, who may read everything.
    @Test(.enabled(if: geteuid() != 0, "root may read everything")) func answers403WithoutPermission() throws {
        try outer.write("root/private.txt", Self.secret)
        try outer.protect("root/private.txt")
        #expect(try Client(root: root).status("GET", "/private.txt") == 403)
    }

    /// The fallback without openat2(2) on an old kernel is as strict, and follows no link.
    @Test func theFallbackDoesNotLeaveTheFolderEither() throws {
        let folder = file_access_open_folder(root)
        defer { close(folder) }
        func opens(_ path: String) -> Int32 {
            let result = file_access_open_by_component(folder, path)
            if result >= 0 { close(result) }
            return min(result, 0)
        }
        #expect(opens("open.txt") == 0)
        #expect(opens("sub/inner.txt") == 0)
        #expect(opens("missing") == -ENOENT)
        #expect(opens("sub/missing/x") == -ENOENT)
        #expect(opens("open.txt/x") == -ENOTDIR)
        #expect(opens("inside.txt") == -ELOOP)
        #expect(opens("out.txt") == -ELOOP)
        #expect(opens("out/secret.txt") == -ENOTDIR)
        #expect(opens("inside/inner.txt") == -ENOTDIR)
        for path in ["../secret.txt", "sub/../../secret.txt", "/etc/passwd", "", "sub//inner.txt", ".."] {
            #expect(opens(path) == -EXDEV, "\(path)")
        }
        #expect(opens(String(repeating: "n", count: 256)) == -ENAMETOOLONG)
    }
}
