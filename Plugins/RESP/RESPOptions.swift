import KeyValueStore
import MartletKit
import RESPWire

/// The checked options of a listener.
struct RESPOptions: Sendable {
    static let schema: [Option] = [
        Option(
            "store", .text(), default: "\"memory\"",
            help: "Where the keys are: \"memory\", or the name of a database of martlet.toml"),
        Option(
            "max_value", .size(0...15_728_640), default: "\"1MiB\"",
            help: "Largest value and argument; limits.max_input must be larger, because a command must fit into it"),
        Option(
            "max_store_bytes", .size(0...1_099_511_627_776), default: "\"64MiB\"",
            help: "Memory limit of the data; a command that needs more fails with OOM. Not of a database"),
        Option(
            "max_arguments", .integer(16...1_048_576), default: "1048576",
            help: "Maximum arguments of one command, its name included"),
        Option(
            "max_transaction", .size(1_024...16_777_216), default: "\"1MiB\"",
            help: "Maximum bytes of the commands that wait between MULTI and EXEC"),
        Option(
            "slow_subscribers", .text(choices: ["close", "skip"]), default: "\"close\"",
            help: "A subscriber that does not read is disconnected, or misses messages"),
        Option(
            "password", .text(), default: "\"\"",
            help: "What clients must send with AUTH or HELLO before anything else; empty: nothing"),
    ]

    let limits: RequestLimits
    /// The name of a database; nil: in memory.
    let store: String?
    let maximumValueBytes: Int
    let maximumStoreBytes: Int
    let maximumTransactionBytes: Int
    let slowSubscribers: BacklogPolicy
    let password: String

    init(_ options: Options) throws(OptionError) {
        let store = try options.text("store")
        self.store = store == "memory" ? nil : store
        maximumValueBytes = try options.size("max_value")
        maximumStoreBytes = try options.size("max_store_bytes")
        maximumTransactionBytes = try options.size("max_transaction")
        slowSubscribers = try options.text("slow_subscribers") == "close" ? .close : .skip
        password = try options.text("password")
        // Names and keys must fit even if values are limited to a few bytes.
        limits = RequestLimits(
            arguments: Int(try options.integer("max_arguments")), bulkBytes: max(maximumValueBytes, 65_536))
    }
}
