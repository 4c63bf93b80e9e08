import CLinux
import Engine
import Glibc
import HostInterface
import HostLink
import Threads

/// The socket on which a host that has lost its control side waits for the next one.
struct Rendezvous: Sendable {
    /// The name of the socket in the runtime directory. It says whose it is: the kernel knows only who has made it, the control side.
    static func path(in directory: String, place: Int, process: Int32) -> String {
        "\(directory)/host-\(place)-\(process).sock"
    }

    /// The sockets in a runtime directory.
    static func all(in directory: String) -> [(path: String, place: Int, process: Int32)] {
        FolderNames.all(in: directory).compactMap { name in
            let parts = name.split(separator: "-")
            guard parts.count == 3, parts[0] == "host", parts[2].hasSuffix(".sock"), let place = Int(parts[1]),
                let process = Int32(parts[2].dropLast(5)), (0..<SharedQuotas.placeLimit).contains(place)
            else { return nil }
            return ("\(directory)/\(name)", place, process)
        }
    }

    let descriptor: Int32
    /// Who may take the host over, besides root.
    let owner: uid_t
    /// How long the host waits. Nanoseconds.
    let patience: UInt64

    /// Makes the socket: the control side, for a host.
    static func listen(at path: String) throws(SystemError) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError("socket", path) }
        unlink(path)
        // The folder lets nobody else in.
        guard withAddress(path, { bind(descriptor, $0, $1) }) == 0, chmod(path, 0o600) == 0,
            Glibc.listen(descriptor, 4) == 0
        else {
            let error = SystemError("bind", path)
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Connects to the host that waits there; nil: nobody does.
    static func connect(to path: String) -> Channel? {
        let type = Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { return nil }
        guard withAddress(path, { Glibc.connect(descriptor, $0, $1) }) == 0 else {
            close(descriptor)
            return nil
        }
        return Channel(socket: descriptor)
    }

    /// Waits for a control side; nil: none has come in time.
    func wait() -> Channel? {
        let deadline = Deadline.after(nanoseconds: patience)
        while !deadline.isOver {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 1_000) > 0 else { continue }
            let peer = accept(descriptor, nil, nil)
            guard peer >= 0 else { continue }
            _ = fcntl(peer, F_SETFD, FD_CLOEXEC)
            var (user, process) = (uid_t(0), pid_t(0))
            if linux_peer_credentials(peer, &user, &process) == 0, user == 0 || user == owner {
                return Channel(socket: peer)
            }
            close(peer)
        }
        return nil
    }

    private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            errno = ENAMETOOLONG
            return -1
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
