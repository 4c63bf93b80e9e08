import CLinux
import Glibc

/// The flags of epoll_ctl(2), as numbers.
package enum Epoll {
    package static let input = EPOLLIN.rawValue
    package static let output = EPOLLOUT.rawValue
    package static let peerShutdown = EPOLLRDHUP.rawValue
    package static let hangup = EPOLLHUP.rawValue
    package static let error = EPOLLERR.rawValue
    static let edge: UInt32 = 1 << 31
    static let exclusive: UInt32 = 1 << 28
    static let batch = 256
}
