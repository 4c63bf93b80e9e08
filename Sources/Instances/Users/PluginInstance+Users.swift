import CMartlet
import Engine
import SQL
import Users

/// `martlet.users/1`
extension PluginInstance {
    func requiresUsers() -> UInt32 {
        knowsUsers.store(true, ordering: .relaxed)
        return settings.users == nil ? 0 : 1
    }

    /// Opens the database of its users.
    func openUsers(in directories: UserDirectories) throws(InstanceRefusal) -> UserDirectory? {
        guard let name = settings.users else { return nil }
        do throws(DatabaseError) {
            if let found = try directories.directory(name) { return found }
        } catch {
            throw InstanceRefusal("users: database \"\(name)\": \(error.text)")
        }
        throw InstanceRefusal("users: there is no database \"\(name)\": martlet.toml has no table [databases.\(name)]")
    }

    /// A plugin that does not ask for users would serve everybody.
    func checkUsers() throws(InstanceRefusal) {
        guard let name = settings.users, !knowsUsers.load(ordering: .relaxed) else { return }
        let plugin = image.description.name
        throw InstanceRefusal(
            "users: the plugin \(plugin) knows no users: it would serve everybody. Expected users = \"\" or a plugin that uses "
                + "\(MARTLET_USERS), found users = \"\(name)\"")
    }

    /// In a callback of the connection.
    func authenticate(
        _ connection: ConnectionPointer, _ mechanism: martlet_mechanism, _ message: martlet_text,
        _ function: @escaping martlet_authenticated, _ context: UnsafeMutableRawPointer?
    ) -> martlet_result {
        guard let users else { return MARTLET_ERROR_UNSUPPORTED }
        guard let mechanism = AuthenticationStep.Mechanism(mechanism), message.length <= MARTLET_AUTHENTICATION_LIMIT
        else { return MARTLET_ERROR_ARGUMENT }
        guard ledger.enter() else { return MARTLET_ERROR_STOPPING }
        let (id, loop) = (connection.id, engine.loops[connection.loop])
        let pending = PendingAuthentication(function, context)
        let retained = Unmanaged.passRetained(pending)
        // Reserves its place in the mailbox now, because the answer must not be lost.
        let promised = loop.promise(
            PendingAuthentication.delivery, to: id, context: retained.toOpaque(), ledger: ledger, isAwaited: true)
        guard let promised else {
            retained.release()
            return MARTLET_ERROR_BUSY
        }
        engine.await(id)
        let peer = connection.pointee.peer
        let bytes = UnsafeRawBufferPointer(start: message.data, count: message.data == nil ? 0 : message.length)
        let step = AuthenticationStep(mechanism, Array(bytes), from: PeerNetwork(peer), on: id.rawValue)
        let isTaken = users.submit(step) { [self] outcome in
            note(outcome, from: peer)
            pending.set(outcome)
            loop.deliver(promised)
        }
        guard isTaken else {
            engine.awaitNoMore(id)
            promised.settle()
            retained.release()
            return MARTLET_ERROR_BUSY
        }
        return MARTLET_OK
    }

    private func note(_ outcome: Authentication, from peer: PeerAddress) {
        switch outcome {
        case .denied(let name):
            log(
                MARTLET_LOG_WARNING, "authentication failed: \(name.map { "user \"\($0)\"" } ?? "no user") from \(peer)"
            )
        case .limited(let name):
            log(
                MARTLET_LOG_WARNING,
                "authentication refused after too many failures: \(name.map { "user \"\($0)\"" } ?? "no user") from \(peer)"
            )
        case .away(let text): log(MARTLET_LOG_ERROR, "users cannot be looked up: \(text)")
        case .done, .goesOn, .malformed: break
        }
    }
}

extension AuthenticationStep.Mechanism {
    fileprivate init?(_ mechanism: martlet_mechanism) {
        switch mechanism {
        case MARTLET_MECHANISM_SCRAM: self = .scram
        case MARTLET_MECHANISM_PLAIN: self = .plain
        case MARTLET_MECHANISM_TOKEN: self = .token
        default: return nil
        }
    }
}

extension PeerNetwork {
    /// An IPv6 peer owns a whole /64.
    fileprivate init(_ address: PeerAddress) {
        self.init(high: address.high, low: address.family == .ipv6 ? .max : address.low)
    }
}
