import Glibc

/// A server on a thread. It accepts one peer after another and calls the test's function with each.
final class TestServer {
    enum Family {
        case ipv4, ipv6
        case unix(path: String)
    }

    let address: String
    private let listening: Int32
    private var thread = pthread_t()

    private final class Job: Sendable {
        let listening: Int32
        let serve: @Sendable (Peer) -> Void

        init(_ listening: Int32, _ serve: @escaping @Sendable (Peer) -> Void) {
            self.listening = listening
            self.serve = serve
        }
    }

    struct Failure: Error {
        let function: StaticString
        let code = errno
    }

    init(_ family: Family = .ipv4, serve: @escaping @Sendable (Peer) -> Void) throws {
        (listening, address) = try Self.listen(family)
        let job = Unmanaged.passRetained(Job(listening, serve))
        let result = pthread_create(
            &thread, nil,
            { context in
                let job = Unmanaged<Job>.fromOpaque(context!).takeRetainedValue()
                while true {
                    let descriptor = accept(job.listening, nil, nil)
                    guard descriptor >= 0 else { return nil }
                    job.serve(Peer(descriptor: descriptor))
                    // A process that another test has started meanwhile may have a copy of it.
                    shutdown(descriptor, Int32(SHUT_RDWR))
                    close(descriptor)
                }
            }, job.toOpaque())
        guard result == 0 else { throw Failure(function: "pthread_create") }
    }

    private static func listen(_ family: Family) throws -> (Int32, String) {
        switch family {
        case .ipv4:
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let descriptor = try bound(AF_INET, &address)
            return (descriptor, "127.0.0.1:\(UInt16(bigEndian: try name(of: descriptor, sockaddr_in()).sin_port))")
        case .ipv6:
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_addr = in6addr_loopback
            let descriptor = try bound(AF_INET6, &address)
            return (descriptor, "[::1]:\(UInt16(bigEndian: try name(of: descriptor, sockaddr_in6()).sin6_port))")
        case .unix(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            return (try bound(AF_UNIX, &address), "unix:\(path)")
        }
    }

    private static func bound<Address>(_ family: Int32, _ address: inout Address) throws -> Int32 {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(function: "socket") }
        let result = withUnsafeBytes(of: &address) {
            bind(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
        guard result == 0, Glibc.listen(descriptor, 8) == 0 else { throw Failure(function: "bind") }
        return descriptor
    }

    private static func name<Address>(of descriptor: Int32, _ empty: Address) throws -> Address {
        var address = empty
        var size = socklen_t(MemoryLayout<Address>.size)
        let result = withUnsafeMutableBytes(of: &address) {
            getsockname(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), &size)
        }
        guard result == 0 else { throw Failure(function: "getsockname") }
        return address
    }

    /// Stops `accept`. Serving a peer stops when its client closes.
    deinit {
        shutdown(listening, Int32(SHUT_RDWR))
        pthread_join(thread, nil)
        close(listening)
    }
}

/// The server's end of one connection.
struct Peer {
    let descriptor: Int32

    /// Returns an empty array when the client sends no more.
    func read() -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        return Array(chunk[..<max(count, 0)])
    }

    func write(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// Reads until the client closes.
    func readToEnd() {
        while !read().isEmpty {}
    }
}
