/// Resolves names, each on a thread of its own, because getaddrinfo(3) blocks. The connect time-out limits how long anyone waits for it;
/// a thread that is stuck serves all who ask for the same server meanwhile.
struct Resolver {
    private var running: Set<ServerAddress> = []

    /// The addresses, if finding them takes no time; else nil, and `Message.resolved` follows.
    mutating func resolve(_ server: ServerAddress, _ mailbox: Mailbox) -> Result<[SocketAddress], ConnectionFailure>? {
        switch server {
        case .unix(let path): return .success([SocketAddress(unixPath: path)])
        case .internet(let host, let port):
            if case .success(let found) = SocketAddress.resolve(host: host, port: port, isNumber: true) {
                return .success(found)
            }
            guard running.insert(server).inserted else { return nil }
            do {
                try DetachedThread.start("martlet-resolve") {
                    let found = SocketAddress.resolve(host: host, port: port, isNumber: false)
                    _ = mailbox.post(.resolved(server, found))
                }
                return nil
            } catch {
                running.remove(server)
                return .failure(error.connectionFailure)
            }
        }
    }

    mutating func finished(_ server: ServerAddress) { running.remove(server) }
}
