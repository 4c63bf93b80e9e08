import TLSClient

// From the order to open a connection to a stream that carries frames.

extension Reactor {
    func open(_ id: SlotID, _ server: Int) {
        let link = Link(id, server: server)
        links[id] = link
        if let found = resolver.resolve(servers[server], mailbox) { begin(link, found) }
    }

    /// A name was resolved, for all links that wait for it.
    func resolved(_ server: ServerAddress, _ found: Result<[SocketAddress], ConnectionFailure>) {
        resolver.finished(server)
        for link in Array(links.values) where link.stage == .resolving && servers[link.server] == server {
            begin(link, found)
        }
    }

    private func begin(_ link: Link, _ found: Result<[SocketAddress], ConnectionFailure>) {
        switch found {
        case .success(let addresses):
            link.candidates = addresses
            link.race = AddressRace(addresses: addresses.count)
            link.stage = .racing
            race(link)
        case .failure(let failure): pool.failed(link.id, failure, nowMilliseconds: now)
        }
    }

    func continueRaces() {
        for link in links.values where link.stage == .racing { race(link) }
    }

    /// Tries the addresses whose time has come.
    private func race(_ link: Link) {
        var last: SystemFailure?
        while let index = link.race.next(nowMilliseconds: now) {
            do throws(SystemFailure) {
                let socket = try StreamSocket(connectingTo: link.candidates[index], poller)
                link.attempts[socket.token] = socket
                owners[socket.token] = link.id
            } catch {
                link.race.failed()
                last = error
            }
        }
        if link.race.isLost, let last { pool.failed(link.id, last.connectionFailure, nowMilliseconds: now) }
    }

    /// An attempt has come to its end.
    func attemptEnded(_ link: Link, _ token: UInt64) {
        guard let socket = link.attempts.removeValue(forKey: token) else { return }
        if let failure = socket.connectError {
            owners[token] = nil
            link.race.failed()
            if link.race.isLost {
                pool.failed(link.id, failure.connectionFailure, nowMilliseconds: now)
            } else {
                race(link)
            }
            return
        }
        for other in link.attempts.keys { owners[other] = nil }
        link.attempts = [:]
        link.candidates = []
        link.socket = socket
        secure(link, socket)
    }

    private func secure(_ link: Link, _ socket: StreamSocket) {
        do throws(TLSFailure) {
            if let tls { try socket.beginTLS(host: tls.serverName ?? servers[link.server].host, tls.context) }
        } catch {
            return pool.failed(link.id, .tls(error.description), nowMilliseconds: now)
        }
        link.stage = .handshaking
        handshake(link, socket)
    }

    func handshake(_ link: Link, _ socket: StreamSocket) {
        switch socket.handshake() {
        case .blocked: break
        case .failed(let failure): pool.failed(link.id, failure, nowMilliseconds: now)
        case .end: pool.failed(link.id, .closedByServer, nowMilliseconds: now)
        case .done:
            do throws(SystemFailure) {
                try socket.want(.input)
            } catch {
                return pool.failed(link.id, error.connectionFailure, nowMilliseconds: now)
            }
            link.stage = .streaming
            pool.connected(link.id, nowMilliseconds: now)
        }
    }

    /// Forgets a connection and closes its sockets.
    func close(_ id: SlotID) {
        guard let link = links.removeValue(forKey: id) else { return }
        for token in link.attempts.keys { owners[token] = nil }
        if let socket = link.socket { owners[socket.token] = nil }
    }
}
