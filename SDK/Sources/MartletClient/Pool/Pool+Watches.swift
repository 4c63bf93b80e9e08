import BinaryWire

/// What a caller wants to know of, on whichever connection.
struct Watch: Sendable {
    let kind: WatchKind
    let name: [UInt8]
    var place: Place
    /// How often in a row a server had no room for it.
    var refusals = 0

    enum Place: Sendable {
        case none
        /// The request is on its way.
        case asked
        case on(SlotID, number: UInt32)
    }
}

// A watch belongs to a connection. When that ends, the pool puts it on another one, and tells its reader that changes may be lost.

extension Pool {
    mutating func watching(_ purpose: RequestsInFlight.Purpose, _ number: UInt32, on connection: SlotID) {
        switch purpose {
        case .call(let call):
            guard case .watch(let kind, let name)? = calls[call]?.request else { return }
            let watch = watches.insert(Watch(kind: kind, name: name, place: .on(connection, number: number)))
            connections[connection]?.watches[number] = watch
            finish(call, .success(.watching(watch)))
        case .watch(let watch):
            guard watches[watch] != nil else { fallthrough }
            watches[watch]?.place = .on(connection, number: number)
            watches[watch]?.refusals = 0
            connections[connection]?.watches[number] = watch
            perform(.notify(watch, .lost))
        case .abandoned, .own, .login:
            // Its reader has gone.
            connections[connection]?.unwatch(number)
        }
    }

    /// Its connection has ended, or the request for it was not sent.
    mutating func displace(_ id: SlotID) {
        guard watches[id] != nil else { return }
        watches[id]?.place = .none
        watchesToPlace += 1
    }

    mutating func watchRefused(_ id: SlotID, _ code: ErrorCode, _ text: String, _ now: UInt64) {
        guard let watch = watches[id] else { return }
        guard code == .busy || code == .draining else {
            let error = MartletClientError(
                server: serverName, call: "watch", reason: .refused(code, text: text), mayHaveBeenExecuted: false)
            watches.remove(id)
            return perform(.endWatch(id, error))
        }
        watches[id]?.refusals += 1
        placingPauseMilliseconds = now + backOff.milliseconds(afterFailures: watch.refusals + 1)
        displace(id)
    }

    /// The reader has gone.
    mutating func unwatch(_ id: SlotID) {
        guard let watch = watches.remove(id) else { return }
        switch watch.place {
        case .none: watchesToPlace -= 1
        case .asked: break
        case .on(let connection, let number): connections[connection]?.unwatch(number)
        }
    }

    var spareRoomExists: Bool { leastLoaded() != nil }

    mutating func placeWatches(_ now: UInt64) {
        guard watchesToPlace > 0, now >= placingPauseMilliseconds, !isClosing else { return }
        for id in watches.ids(where: { if case .none = $0.place { true } else { false } }) {
            guard let connection = leastLoaded(), let watch = watches[id] else { return }
            do {
                _ = try connections[connection]?.send(
                    .watch(watch.kind, watch.name), for: .watch(id), nowMilliseconds: now)
                watches[id]?.place = .asked
                watchesToPlace -= 1
            } catch {
                // It was sent once, so only a connection without room refuses it.
                return
            }
        }
    }
}
