import Glibc
import Threads

/// Options of a listening socket. On Linux the sockets that accept(2) returns inherit most of them, so an accepted connection costs
/// no further system call.
package struct ListeningSocketOptions: Hashable, Sendable {
    package var backlog: Int32
    /// TCP_NODELAY, tcp(7)
    package var noDelay = true
    /// SO_KEEPALIVE, and the times of tcp(7) in seconds.
    package var keepAlive = false
    package var keepAliveIdleSeconds: Int32 = 0
    package var keepAliveIntervalSeconds: Int32 = 0
    package var keepAliveCount: Int32 = 0
    /// SO_RCVBUF and SO_SNDBUF in bytes; 0 keeps the kernel's default.
    package var receiveBuffer: Int32 = 0
    package var sendBuffer: Int32 = 0
    /// Permissions of a Unix socket's file.
    package var unixMode: mode_t

    package init(backlog: Int32, unixMode: mode_t) {
        self.backlog = backlog
        self.unixMode = unixMode
    }

    func apply(to descriptor: Int32, tcp: Bool) throws(SystemError) {
        if receiveBuffer > 0 { try set(descriptor, SOL_SOCKET, SO_RCVBUF, receiveBuffer, "SO_RCVBUF") }
        if sendBuffer > 0 { try set(descriptor, SOL_SOCKET, SO_SNDBUF, sendBuffer, "SO_SNDBUF") }
        guard tcp else { return }
        let level = Int32(IPPROTO_TCP)
        try set(descriptor, level, TCP_NODELAY, noDelay ? 1 : 0, "TCP_NODELAY")
        try set(descriptor, SOL_SOCKET, SO_KEEPALIVE, keepAlive ? 1 : 0, "SO_KEEPALIVE")
        guard keepAlive else { return }
        try set(descriptor, level, TCP_KEEPIDLE, keepAliveIdleSeconds, "TCP_KEEPIDLE")
        try set(descriptor, level, TCP_KEEPINTVL, keepAliveIntervalSeconds, "TCP_KEEPINTVL")
        try set(descriptor, level, TCP_KEEPCNT, keepAliveCount, "TCP_KEEPCNT")
    }
}

/// setsockopt(2) with an int.
func set(
    _ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32, _ name: String
) throws(SystemError) {
    var value = value
    guard setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
        throw SystemError("setsockopt", name)
    }
}
