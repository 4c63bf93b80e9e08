/// The commands that this server knows: docs/resp.md.
enum Command: UInt8, CaseIterable {
    case get, set, setnx, setex, psetex, getset, getdel, getex, mget, mset, msetnx, append, strlen, getrange, setrange
    case incr, decr, incrby, decrby, incrbyfloat
    case del, unlink, exists, touch, expire, pexpire, expireat, pexpireat, ttl, pttl, expiretime, pexpiretime, persist
    case type, rename, renamenx, keys, scan, randomkey, dbsize, flushdb, flushall
    case ping, echo, quit, select, reset, client, hello, auth
    case multi, exec, discard, watch, unwatch
    case subscribe, unsubscribe, psubscribe, punsubscribe, publish, pubsub
    case info, command, config, time
}

/// What is known of a command before it runs. `arity`: arguments with the name; below 0: at least so many.
struct CommandDescription {
    struct Flags: OptionSet {
        let rawValue: UInt8
        static let write = Flags(rawValue: 1)
        static let readonly = Flags(rawValue: 2)
        static let fast = Flags(rawValue: 4)
        static let pubsub = Flags(rawValue: 8)
        /// Runs at once even between MULTI and EXEC.
        static let immediate = Flags(rawValue: 16)
        /// Allowed before AUTH.
        static let open = Flags(rawValue: 32)
        /// Not allowed between MULTI and EXEC.
        static let noMulti = Flags(rawValue: 64)
    }

    let command: Command
    let arity: Int
    let flags: Flags
    /// The first and the last argument that is a key (the last may count from the end), and their distance.
    var firstKey = 0
    var lastKey = 0
    var step = 0

    /// As clients write it, in lower case.
    var name: String { "\(command)" }
}

extension CommandDescription {
    static let all: [CommandDescription] =
        strings + keys + connection + [
            // Counters.
            one(.incr, 2, [.write, .fast]), one(.decr, 2, [.write, .fast]), one(.incrby, 3, [.write, .fast]),
            one(.decrby, 3, [.write, .fast]), one(.incrbyfloat, 3, [.write, .fast]),
            // Transactions.
            none(.multi, 1, [.fast, .immediate]), none(.exec, 1, [.immediate]), none(.discard, 1, [.fast, .immediate]),
            several(.watch, -2, [.fast, .immediate]), none(.unwatch, 1, [.fast]),
            // Pub/sub.
            none(.subscribe, -2, [.pubsub]), none(.unsubscribe, -1, [.pubsub]), none(.psubscribe, -2, [.pubsub]),
            none(.punsubscribe, -1, [.pubsub]), none(.publish, 3, [.pubsub, .fast]), none(.pubsub, -2, [.pubsub]),
            // Server.
            none(.info, -1, []), none(.command, -1, []), none(.config, -2, []), none(.time, 1, [.fast]),
        ]

    private static let strings: [CommandDescription] = [
        one(.get, 2, [.readonly, .fast]), one(.set, -3, [.write]), one(.setnx, 3, [.write, .fast]),
        one(.setex, 4, [.write]), one(.psetex, 4, [.write]), one(.getset, 3, [.write, .fast]),
        one(.getdel, 2, [.write, .fast]), one(.getex, -2, [.write, .fast]), several(.mget, -2, [.readonly, .fast]),
        several(.mset, -3, [.write], step: 2), several(.msetnx, -3, [.write], step: 2),
        one(.append, 3, [.write, .fast]),
        one(.strlen, 2, [.readonly, .fast]), one(.getrange, 4, [.readonly]), one(.setrange, 4, [.write]),
    ]

    private static let keys: [CommandDescription] = [
        several(.del, -2, [.write]), several(.unlink, -2, [.write, .fast]), several(.exists, -2, [.readonly, .fast]),
        several(.touch, -2, [.readonly, .fast]), one(.expire, -3, [.write, .fast]), one(.pexpire, -3, [.write, .fast]),
        one(.expireat, -3, [.write, .fast]), one(.pexpireat, -3, [.write, .fast]), one(.ttl, 2, [.readonly, .fast]),
        one(.pttl, 2, [.readonly, .fast]), one(.expiretime, 2, [.readonly, .fast]),
        one(.pexpiretime, 2, [.readonly, .fast]), one(.persist, 2, [.write, .fast]), one(.type, 2, [.readonly, .fast]),
        CommandDescription(command: .rename, arity: 3, flags: [.write], firstKey: 1, lastKey: 2, step: 1),
        CommandDescription(command: .renamenx, arity: 3, flags: [.write, .fast], firstKey: 1, lastKey: 2, step: 1),
        none(.keys, 2, [.readonly]), none(.scan, -2, [.readonly]), none(.randomkey, 1, [.readonly]),
        none(.dbsize, 1, [.readonly, .fast]), none(.flushdb, -1, [.write]), none(.flushall, -1, [.write]),
    ]

    private static let connection: [CommandDescription] = [
        none(.ping, -1, [.fast]), none(.echo, 2, [.fast]), none(.quit, -1, [.fast, .immediate, .open]),
        none(.select, 2, [.fast]), none(.reset, 1, [.fast, .immediate, .open]), none(.client, -2, []),
        none(.hello, -1, [.fast, .open]), none(.auth, -2, [.fast, .open]),
    ]

    private static func none(_ command: Command, _ arity: Int, _ flags: Flags) -> CommandDescription {
        CommandDescription(command: command, arity: arity, flags: flags)
    }

    private static func one(_ command: Command, _ arity: Int, _ flags: Flags) -> CommandDescription {
        CommandDescription(command: command, arity: arity, flags: flags, firstKey: 1, lastKey: 1, step: 1)
    }

    private static func several(
        _ command: Command, _ arity: Int, _ flags: Flags, step: Int = 1
    ) -> CommandDescription {
        CommandDescription(command: command, arity: arity, flags: flags, firstKey: 1, lastKey: -1, step: step)
    }
}

extension Command {
    /// The name for the host's log of requests.
    var text: StaticString {
        switch self {
        case .get: "get"
        case .set: "set"
        case .del: "del"
        case .incr: "incr"
        case .mget: "mget"
        case .mset: "mset"
        case .expire: "expire"
        case .scan: "scan"
        case .exec: "exec"
        case .publish: "publish"
        case .subscribe: "subscribe"
        default: "other"
        }
    }
}

extension Command {
    /// What is known of it.
    var description: CommandDescription { Self.descriptions[Int(rawValue)] }

    /// By their raw values.
    private static let descriptions: [CommandDescription] = CommandDescription.all.sorted {
        $0.command.rawValue < $1.command.rawValue
    }

    /// It only needs keys, and no session or connection.
    var isAboutKeys: Bool { !description.flags.isDisjoint(with: [.write, .readonly]) }
    var onlyReads: Bool { description.flags.contains(.readonly) }
}
