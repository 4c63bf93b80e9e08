import Glibc
import Testing

@testable import Instances
@testable import PluginHost

/// Checks of open files, their folders and links.
@Suite struct FileGuardTests {
    private let folder = TrustFolder()

    private func problem(_ name: String) throws -> String? {
        let path = folder.path(name)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0, "\(path)")
        defer { close(descriptor) }
        return FileGuard.problem(descriptor, path: path, user: geteuid())?.replacing(folder.path + "/", with: "")
    }

    @Test func ourFileInOurFolderIsAccepted() throws {
        folder.write("a.so", "")
        #expect(try problem("a.so") == nil)
        #expect(try problem(".") == nil)
    }

    @Test func theFileAndItsFolderCount() throws {
        folder.makeFolder("d")
        folder.write("d/a.so", "")
        chmod(folder.path("d/a.so"), 0o660)
        #expect(try problem("d/a.so") == "users other than its owner can write it (mode 0660): chmod go-w d/a.so")
        chmod(folder.path("d/a.so"), 0o600)
        chmod(folder.path("d"), 0o770)
        #expect(
            try problem("d/a.so") == "its folder d: users other than its owner can write it (mode 0770): chmod go-w d")
        #expect(try problem("d") == "users other than its owner can write it (mode 0770): chmod go-w d")
        chmod(folder.path("d"), 0o1777)
        let way = "use a folder that only its owner can write"
        #expect(try problem("d/a.so") == "its folder d: any user can create files in it (mode 1777): \(way)")
    }

    @Test func theTargetOfALinkAndItsFolderCount() throws {
        folder.makeFolder("d")
        folder.makeFolder("t")
        folder.write("t/a.so", "")
        symlink("../t/a.so", folder.path("d/a.so"))
        #expect(try problem("d/a.so") == nil)
        chmod(folder.path("t"), 0o777)
        #expect(
            try problem("d/a.so")
                == "links to t/a.so; its folder t: users other than its owner can write it (mode 0777): chmod go-w t")
        chmod(folder.path("t"), 0o755)
        chmod(folder.path("t/a.so"), 0o666)
        #expect(
            try problem("d/a.so")
                == "links to t/a.so; users other than its owner can write it (mode 0666): chmod go-w t/a.so")
        chmod(folder.path("t/a.so"), 0o644)
        chmod(folder.path("d"), 0o777)
        #expect(
            try problem("d/a.so")
                == "links to t/a.so; its folder d: users other than its owner can write it (mode 0777): chmod go-w d")
    }

    @Test func aFolderBehindALinkCounts() throws {
        folder.makeFolder("t")
        folder.write("t/a.so", "")
        symlink("t", folder.path("d"))
        #expect(try problem("d/a.so") == nil)
        chmod(folder.path("t"), 0o777)
        #expect(try problem("d/a.so")?.contains("its folder d: users other than") == true)
        #expect(try problem("d")?.contains("users other than its owner") == true)
    }

    /// Another file takes the name between open and check: the open file is checked.
    @Test func theOpenFileIsCheckedAndNotItsName() throws {
        folder.write("a.so", "")
        chmod(folder.path("a.so"), 0o666)
        let descriptor = open(folder.path("a.so"), O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        folder.write("b.so", "")
        rename(folder.path("b.so"), folder.path("a.so"))
        let found = FileGuard.problem(descriptor, path: folder.path("a.so"), user: geteuid())
        #expect(found?.contains("mode 0666") == true)
    }

    @Test func anotherUsersFilesAreRefused() throws {
        folder.write("a.so", "")
        let descriptor = open(folder.path("a.so"), O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        guard geteuid() == 0 else {
            let found = FileGuard.problem(descriptor, path: folder.path("a.so"), user: geteuid() + 1)
            #expect(found?.contains("belongs to user \(geteuid())") == true)
            return
        }
        chown(folder.path("a.so"), 4711, 4711)
        let found = FileGuard.problem(descriptor, path: folder.path("a.so"), user: 0)
        #expect(found?.hasPrefix("belongs to user 4711, not to root or this server's user 0") == true)
        // For user 4711 the file is their own, and a folder of root is accepted too.
        #expect(FileGuard.problem(descriptor, path: folder.path("a.so"), user: 4711) == nil)
    }
}
