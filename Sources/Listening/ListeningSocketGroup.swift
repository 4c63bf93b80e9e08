import Addresses
import Glibc
import Threads

/// The listening sockets of one address: one for each event loop, among which the kernel spreads new connections (SO_REUSEPORT,
/// socket(7)); for a Unix socket, one that all loops share.
package struct ListeningSocketGroup: Sendable {
    /// With the port that the kernel chose, if port 0 was requested.
    package let address: ListenAddress
    /// One for each loop.
    package let descriptors: [Int32]
    package let shared: Bool
    private let backlog: Int32
    /// Of a Unix socket with a path.
    private var file: SocketFile?

    /// Sockets that another process has bound and listens on.
    ///
    /// - Parameter descriptors: one for each loop.
    package init(
        inherited descriptors: [Int32], at address: ListenAddress, shared: Bool, options: ListeningSocketOptions
    ) {
        self.init(
            address: address, descriptors: descriptors, shared: shared, backlog: options.backlog, isInherited: true)
        if case .unix(let path) = address { file = SocketFile(path) }
    }

    /// They came from another process, which may still accept from them.
    package let isInherited: Bool

    private init(
        address: ListenAddress, descriptors: [Int32], shared: Bool, backlog: Int32, file: SocketFile? = nil,
        isInherited: Bool = false
    ) {
        self.isInherited = isInherited
        self.address = address
        self.descriptors = descriptors
        self.shared = shared
        self.backlog = backlog
        self.file = file
    }

    /// Binds the sockets. No peer can connect before `listen`. On failure nothing is left open.
    ///
    /// - Parameter exclusive: true: fail if any socket already has the address, even one of ours. false: one of our sockets has it
    ///   and is about to close; `publish` then puts the file of a Unix socket in its place.
    package static func open(
        _ address: ListenAddress, options: ListeningSocketOptions, count: Int, exclusive: Bool
    ) throws(SystemError) -> ListeningSocketGroup {
        address.isUnix
            ? try openUnix(address, options, count, exclusive)
            : try openInternet(address, options, count, exclusive)
    }

    private static func openInternet(
        _ address: ListenAddress, _ options: ListeningSocketOptions, _ count: Int, _ exclusive: Bool
    ) throws(SystemError) -> ListeningSocketGroup {
        var fixed = address
        if exclusive {
            // With SO_REUSEPORT another server of the same user could share the port unnoticed, so bind without it first.
            let first = try bound(address, options, reusePort: false)
            fixed = address.with(port: port(of: first))
            close(first)
        }
        var descriptors: [Int32] = []
        do throws(SystemError) {
            for _ in 0..<count {
                descriptors.append(try bound(fixed, options, reusePort: true))
            }
        } catch {
            for descriptor in descriptors { close(descriptor) }
            throw error
        }
        return ListeningSocketGroup(
            address: fixed, descriptors: descriptors, shared: false, backlog: options.backlog)
    }

    private static func bound(
        _ address: ListenAddress, _ options: ListeningSocketOptions, reusePort: Bool
    ) throws(SystemError) -> Int32 {
        let descriptor = try makeSocket(address)
        do throws(SystemError) {
            try set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR")
            if reusePort { try set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT") }
            if address.family == AF_INET6 {
                let isDualStack = if case .dualStack = address { true } else { false }
                try set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, isDualStack ? 0 : 1, "IPV6_V6ONLY")
            }
            try options.apply(to: descriptor, tcp: true)
            try bind(descriptor, to: address)
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// getsockname(2)
    private static func port(of descriptor: Int32) -> UInt16 {
        // The port stands at the same place for both families.
        var address = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        withUnsafeMutablePointer(to: &address) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return UInt16(bigEndian: address.sin6_port)
    }

    private static func makeSocket(_ address: ListenAddress) throws(SystemError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.family, type, 0)
        guard descriptor >= 0 else { throw SystemError("socket", address.boundDescription) }
        return descriptor
    }

    private static func bind(_ descriptor: Int32, to address: ListenAddress) throws(SystemError) {
        let result = address.withSocketAddress { Glibc.bind(descriptor, $0, $1) }
        guard let result else { throw SystemError("bind", address.boundDescription, errno: EINVAL) }
        guard result == 0 else { throw SystemError("bind", address.boundDescription) }
    }

    private static func openUnix(
        _ address: ListenAddress, _ options: ListeningSocketOptions, _ count: Int, _ exclusive: Bool
    ) throws(SystemError) -> ListeningSocketGroup {
        var bound = address
        if case .unix(let path) = address, !exclusive { bound = .unix(path: path + ".new") }
        try removeStale(bound)
        let descriptor = try makeSocket(address)
        var descriptors = [descriptor]
        var file: SocketFile?
        do throws(SystemError) {
            try options.apply(to: descriptor, tcp: false)
            try bind(descriptor, to: bound)
            if case .unix(let path) = bound {
                file = SocketFile(path)
                if chmod(path, options.unixMode) != 0 { throw SystemError("chmod", path) }
            }
            while descriptors.count < count {
                let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
                guard copy >= 0 else { throw SystemError("fcntl", address.boundDescription) }
                descriptors.append(copy)
            }
        } catch {
            for descriptor in descriptors { close(descriptor) }
            file?.remove()
            throw error
        }
        return ListeningSocketGroup(
            address: address, descriptors: descriptors, shared: true, backlog: options.backlog, file: file)
    }

    /// Removes a socket file that no process listens on: it is left from an earlier run. One that accepts a connection belongs to a
    /// running server.
    private static func removeStale(_ address: ListenAddress) throws(SystemError) {
        guard case .unix(let path) = address else { return }
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw SystemError("bind", address.boundDescription, errno: EEXIST)
        }
        let descriptor = try makeSocket(address)
        defer { close(descriptor) }
        let connected = address.withSocketAddress { connect(descriptor, $0, $1) }
        // EAGAIN: a process listens, and its accept queue is full.
        if connected == 0 || errno == EAGAIN { throw SystemError("bind", address.boundDescription, errno: EADDRINUSE) }
        guard errno == ECONNREFUSED else { throw SystemError("connect", address.boundDescription) }
        guard unlink(path) == 0 else { throw SystemError("unlink", path) }
    }

    /// Peers can connect from now on. listen(2)
    package func listen() throws(SystemError) {
        for descriptor in descriptors {
            guard Glibc.listen(descriptor, backlog) == 0 else { throw SystemError("listen", address.boundDescription) }
        }
    }

    /// Changes the options of sockets that are in use.
    package func apply(_ options: ListeningSocketOptions) throws(SystemError) {
        for descriptor in descriptors {
            try options.apply(to: descriptor, tcp: !shared)
            guard Glibc.listen(descriptor, options.backlog) == 0 else {
                throw SystemError("listen", address.boundDescription)
            }
        }
        if case .unix(let path) = address, chmod(path, options.unixMode) != 0 { throw SystemError("chmod", path) }
    }

    /// Closes the sockets, and removes the file of a Unix socket.
    package func closeAll() {
        for descriptor in descriptors { close(descriptor) }
        removeFile()
    }

    /// Closes the sockets of a group that nothing has come of. What was inherited goes on elsewhere, with its file.
    package func giveUp() {
        if isInherited { for descriptor in descriptors { close(descriptor) } } else { closeAll() }
    }

    /// Removes the file of a Unix socket, so that no peer connects to a socket that nothing accepts from.
    package func removeFile() { file?.remove() }

    /// Moves the file of a Unix socket that was opened beside another of ours to its final path.
    package mutating func publish() throws(SystemError) {
        if case .unix(let path) = address { try file?.move(to: path) }
    }
}
