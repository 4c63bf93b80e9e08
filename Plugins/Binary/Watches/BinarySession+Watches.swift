import BinaryWire
import MartletKit

extension BinarySession {
    @inline(never)
    mutating func watch(_ request: WatchRequest, _ exchange: Exchange, _ input: Span<UInt8>) -> HostResult {
        let name = input.extracting(request.name)
        guard watches.count < WireLimits.watchesPerConnection else { return exchange.fail(.busy, .watch, name) }
        let plugin = exchange.connection.plugin
        let subject = WatchSubject(kind: request.kind, name: input.bytes.array(request.name))
        let number = exchange.connection.withStore { plugin.watches.begin(subject, besides: watches, in: $0) }
        let watch = ConnectionWatch(number: number, subject: subject)
        guard exchange.connection.join(Watches.group(number), policy: .close).isAccepted else {
            exchange.connection.withStore { plugin.watches.end(watch, in: $0) }
            return exchange.fail(.busy, .watch, name)
        }
        watches.append(watch)
        return exchange.send(.watch, name, WireLimits.headerBytes + 8) {
            FrameEncoder.watchAnswer(number, requestID: exchange.requestID, into: &$0)
        }
    }

    @inline(never)
    mutating func unwatch(_ number: UInt32, _ exchange: Exchange) -> HostResult {
        let index = watches.firstIndex { $0.number == number }
        if let index {
            exchange.connection.leave(Watches.group(number))
            let plugin = exchange.connection.plugin
            exchange.connection.withStore { plugin.watches.end(watches.remove(at: index), in: $0) }
        }
        return exchange.send(.unwatch, Span(), WireLimits.headerBytes + 4) {
            FrameEncoder.unwatchAnswer(existed: index != nil, requestID: exchange.requestID, into: &$0)
        }
    }

    mutating func closed(_ connection: Connection<Binary>, reason: CloseReason) { endWatches(connection) }

    /// The connection stays in its groups, and the other instance counts its watches.
    mutating func moved(_ connection: Connection<Binary>) {
        // The other instance does not know what could not be sent here.
        if !watches.isEmpty { connection.plugin.watches.reportLosses() }
        endWatches(connection)
    }

    private mutating func endWatches(_ connection: Connection<Binary>) {
        guard !watches.isEmpty else { return }
        let plugin = connection.plugin
        connection.withStore { store in
            for watch in watches { plugin.watches.end(watch, in: store) }
        }
        watches = []
    }

    // MARK: Saved state

    /// The number of watches; for each its own number, its kind, the bytes of its name, and the name.
    func saveWatches(into state: inout SavedState) {
        state.append(UInt32(watches.count))
        for watch in watches {
            state.append(watch.number)
            state.append(watch.subject.kind.rawValue)
            state.append(UInt16(watch.subject.name.count))
            state.append(watch.subject.name.span.bytes)
        }
    }

    /// nil: not what `saveWatches` writes.
    static func watches(_ state: RawSpan, from start: Int) -> [ConnectionWatch]? {
        var position = start
        guard let count = state.number(UInt32.self, at: &position), count <= WireLimits.watchesPerConnection else {
            return nil
        }
        var watches: [ConnectionWatch] = []
        for _ in 0..<count {
            guard let number = state.number(UInt32.self, at: &position), number > 0,
                let kind = state.number(UInt16.self, at: &position).flatMap({ WatchKind(rawValue: $0) }),
                let bytes = state.number(UInt16.self, at: &position), bytes <= WireLimits.keyBytes,
                Int(bytes) <= state.byteCount - position
            else { return nil }
            let name = state.array(position..<position + Int(bytes))
            position += Int(bytes)
            watches.append(ConnectionWatch(number: number, subject: WatchSubject(kind: kind, name: name)))
        }
        return position == state.byteCount ? watches : nil
    }

    /// Counts the watches of a restored session, all or none.
    mutating func restore(_ watches: [ConnectionWatch], _ connection: Connection<Binary>) -> Bool {
        let plugin = connection.plugin
        return connection.withStore { store in
            for watch in watches {
                guard plugin.watches.restore(watch, in: store) else {
                    endWatches(connection)
                    return false
                }
                self.watches.append(watch)
            }
            return true
        }
    }
}
