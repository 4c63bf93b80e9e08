import CLinux
import Glibc

/// The flags of epoll_ctl(2), as numbers.
enum Epoll {
    static let input = EPOLLIN.rawValue
    static let output = EPOLLOUT.rawValue
    static let peerShutdown = EPOLLRDHUP.rawValue
    static let hangup = EPOLLHUP.rawValue
    static let error = EPOLLERR.rawValue
    static let edge: UInt32 = 1 << 31
    static let exclusive: UInt32 = 1 << 28
    static let batch = 256
}
