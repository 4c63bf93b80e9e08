import Addresses
import Glibc
import Testing
import Threads

@testable import Listening

@Suite struct ListeningSocketTests {
    private static func opened(
        _ address: ListenAddress, options: ListeningSocketOptions, count: Int, exclusive: Bool
    ) throws(SystemError) -> ListeningSocketGroup {
        let group = try ListeningSocketGroup.open(address, options: options, count: count, exclusive: exclusive)
        try group.listen()
        return group
    }

    private let options = {
        var options = ListeningSocketOptions(backlog: 16, unixMode: 0o600)
        (options.noDelay, options.keepAlive) = (true, true)
        options.keepAliveIdleSeconds = 60
        options.keepAliveIntervalSeconds = 10
        options.keepAliveCount = 6
        return options
    }()

    /// A bind may be rolled back, so no peer may be connected before `listen`.
    @Test func noPeerCanConnectBeforeItListens() throws {
        let group = try ListeningSocketGroup.open(
            .ipv4(.loopback, port: 0), options: options, count: 2, exclusive: true)
        defer { group.closeAll() }
        func connect() -> Int32 {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            return group.address.withSocketAddress { Glibc.connect(descriptor, $0, $1) == 0 ? 0 : errno } ?? -1
        }
        #expect(connect() == ECONNREFUSED)
        try group.listen()
        #expect(connect() == 0)
    }

    @Test func aPortInUseIsAnErrorEvenForTheSameUser() throws {
        let first = try Self.opened(
            .ipv4(.loopback, port: 0), options: options, count: 2, exclusive: true)
        defer { first.closeAll() }
        #expect(first.descriptors.count == 2)
        let port = try #require(first.address.port)
        #expect(port != 0)
        let error = #expect(throws: SystemError.self) {
            try Self.opened(
                .ipv4(.loopback, port: port), options: options, count: 1, exclusive: true)
        }
        #expect(error?.errno == EADDRINUSE)
    }

    @Test func aSocketFileThatNobodyListensOnIsReplaced() throws {
        let path = "/tmp/martlet-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        let first = try Self.opened(.unix(path: path), options: options, count: 1, exclusive: true)
        // As after a crash: the descriptor is gone, the file is not.
        for descriptor in first.descriptors { close(descriptor) }
        let second = try Self.opened(.unix(path: path), options: options, count: 2, exclusive: true)
        let error = #expect(throws: SystemError.self) {
            try Self.opened(.unix(path: path), options: options, count: 1, exclusive: true)
        }
        #expect(error?.errno == EADDRINUSE)
        second.closeAll()
        #expect(access(path, F_OK) != 0)
    }

    @Test func publishingReplacesTheSocketFile() throws {
        let path = "/tmp/martlet-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        let old = try Self.opened(.unix(path: path), options: options, count: 1, exclusive: true)
        var new = try Self.opened(.unix(path: path), options: options, count: 1, exclusive: false)
        let inode = inode(of: path)
        try new.publish()
        #expect(self.inode(of: path) != inode)
        #expect(access(path + ".new", F_OK) != 0)
        old.closeAll()
        #expect(access(path, F_OK) == 0)
        new.closeAll()
        #expect(access(path, F_OK) != 0)
    }

    @Test func aSocketThatIsNeverPublishedLeavesTheOldFile() throws {
        let path = "/tmp/martlet-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        let old = try Self.opened(.unix(path: path), options: options, count: 1, exclusive: true)
        let inode = inode(of: path)
        try Self.opened(.unix(path: path), options: options, count: 1, exclusive: false).closeAll()
        #expect(self.inode(of: path) == inode)
        #expect(access(path + ".new", F_OK) != 0)
        old.closeAll()
    }

    private func inode(of path: String) -> ino_t {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_ino : 0
    }

    @Test func aFileThatIsNotASocketIsLeftAlone() throws {
        let path = "/tmp/martlet-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).txt"
        close(creat(path, 0o600))
        defer { unlink(path) }
        let error = #expect(throws: SystemError.self) {
            try Self.opened(.unix(path: path), options: options, count: 1, exclusive: true)
        }
        #expect(error?.errno == EEXIST)
        #expect(access(path, F_OK) == 0)
    }

    @Test func addressesReadAsTheyAreWritten() {
        #expect(ListenAddress.ipv4(.loopback, port: 80).boundDescription == "127.0.0.1:80")
        #expect(ListenAddress.dualStack(port: 80).boundDescription == "[::]:80")
        let linkLocal = ListenAddress.ipv6(IPv6Address("fe80::1")!, scope: "eth0", port: 80)
        #expect(linkLocal.boundDescription == "[fe80::1%eth0]:80")
        #expect(ListenAddress.unix(path: "/run/x.sock").boundDescription == "unix:/run/x.sock")
        #expect(ListenAddress.abstract(name: "x").boundDescription == "unix:@x")
    }

    @Test(arguments: [(1, true), (ListenAddress.unixNameLimit, true), (ListenAddress.unixNameLimit + 1, false)])
    func anAbstractNameHasNoZeroAtItsEnd(length: Int, fits: Bool) {
        let name = String(repeating: "x", count: length)
        let bound = ListenAddress.abstract(name: name).withSocketAddress { pointer, size in
            Array(UnsafeRawBufferPointer(start: pointer, count: Int(size)).dropFirst(MemoryLayout<sa_family_t>.size))
        }
        #expect(bound == (fits ? [0] + Array(name.utf8) : nil))
    }

    @Test func aPathTooLongForASocketIsAnError() {
        let path = "/tmp/" + String(repeating: "x", count: 120)
        let error = #expect(throws: SystemError.self) {
            try Self.opened(.unix(path: path), options: options, count: 1, exclusive: true)
        }
        #expect(error?.errno == EINVAL)
    }
}
