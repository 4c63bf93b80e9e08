// Bytes of open connections.

extension Reactor {
    func handle(_ event: Poller.Event) {
        guard let id = owners[event.token], let link = links[id] else { return }
        switch link.stage {
        case .resolving: break
        case .racing: attemptEnded(link, event.token)
        case .handshaking: if let socket = link.socket { handshake(link, socket) }
        case .streaming:
            if event.isWritable { link.isBlocked = false }
            if event.isReadable { receive(link) }
        }
    }

    /// Reads, and tells the pool. At most a few buffers in one turn, so that no connection delays the others.
    private func receive(_ link: Link) {
        link.mayHaveInput = false
        guard let socket = link.socket else { return }
        for _ in 0..<8 {
            var step = StreamSocket.Step.blocked
            var isFull = false
            link.input.fill { room in
                step = socket.receive(into: room)
                guard case .done(let count) = step else { return 0 }
                isFull = count == room.count
                return count
            }
            switch step {
            case .done:
                deliver(link)
                guard pool.connections[link.id] != nil else { return }
                if !isFull, !socket.hidesInput { return }
            case .blocked: return
            case .end:
                return pool.ended(link.id, unconsumedBytes: link.input.count, nowMilliseconds: now)
            case .failed(let failure): return pool.failed(link.id, failure, nowMilliseconds: now)
            }
        }
        link.mayHaveInput = socket.hidesInput
    }

    private func deliver(_ link: Link) {
        let (start, end) = (link.input.start, link.input.end)
        let consumed = pool.received(
            link.id, link.input.storage.span.bytes.extracting(start..<end), nowMilliseconds: now)
        link.input.consume(consumed)
    }

    func readHiddenInput() {
        for link in links.values where link.mayHaveInput { receive(link) }
    }

    // MARK: Output

    /// Sends what waits. Returns true if the pool has more to do now: a connection was lost, or has room again for calls that wait.
    func flushAll() -> Bool {
        var hasChanged = false
        for link in Array(links.values) where link.stage == .streaming && !link.isBlocked && pool.hasOutput(link.id) {
            let hadRoom = pool.connections[link.id]?.hasRoom ?? false
            let isOpen = flush(link)
            let hasRoom = pool.connections[link.id]?.hasRoom ?? false
            if !isOpen || hasRoom && !hadRoom && pool.waitingCount > 0 { hasChanged = true }
        }
        return hasChanged
    }

    private func flush(_ link: Link) -> Bool {
        guard let socket = link.socket else { return true }
        var step = StreamSocket.Step.blocked
        pool.send(link.id) { bytes in
            let result = socket.send(bytes)
            step = result.step
            return (result.sent, result.committed)
        }
        do throws(SystemFailure) {
            switch step {
            case .done: try socket.want(.input)
            case .blocked:
                link.isBlocked = true
                try socket.want([.input, .output])
            case .end: pool.failed(link.id, .closedByServer, nowMilliseconds: now)
            case .failed(let failure): sendFailed(link, failure)
            }
        } catch {
            pool.failed(link.id, error.connectionFailure, nowMilliseconds: now)
        }
        return pool.connections[link.id] != nil
    }

    /// The server may have said why, before it closed.
    private func sendFailed(_ link: Link, _ failure: ConnectionFailure) {
        receive(link)
        pool.failed(link.id, failure, nowMilliseconds: now)
    }
}
