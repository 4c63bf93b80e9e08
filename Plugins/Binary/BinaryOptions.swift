import BinaryWire
import MartletKit

/// The checked options of a listener.
struct BinaryOptions: Sendable {
    static let schema: [Option] = [
        Option(
            "max_payload", .size(4_096...16_777_216), default: "\"1028KiB\"",
            help: "Largest payload of a frame; the listener's input limit must be at least 24 bytes larger"),
        Option(
            "store", .text(), default: "\"memory\"",
            help: "Where the keys are: \"memory\", or the name of a database of martlet.toml"),
        Option("max_value", .size(0...1_048_576), default: "\"1MiB\"", help: "Largest value that can be stored"),
        Option(
            "max_store_bytes", .size(0...1_099_511_627_776), default: "\"64MiB\"",
            help: "Memory limit of the store; a put beyond it fails with store-full. Not of a database"),
        Option(
            "scan_limit", .integer(1...10_000), default: "1000",
            help: "Maximum entries in one scan answer; the client asks for the rest"),
        Option(
            "scan_bytes", .size(4_096...16_777_216), default: "\"32KiB\"",
            help: "Maximum size of a scan answer; at least one entry is always sent"),
        Option(
            "heartbeat_interval", .duration(.zero ... .seconds(3_600)), default: "\"30s\"",
            help: "Silence after which the server sends a heartbeat; 0s: never, else at least 100ms"),
        Option(
            "heartbeat_misses", .integer(1...255), default: "3",
            help: "Unanswered heartbeats before the server closes the connection"),
        Option(
            "drain_grace", .duration(.zero ... .seconds(3_600)), default: "\"5s\"",
            help: "Time that a client has to finish after the goodbye; 0s: none"),
    ]

    let wire: ServerSettings
    /// The name of a database; nil: in memory.
    let store: String?
    let maximumValueBytes: Int
    let maximumStoreBytes: Int
    let scanLimit: Int
    let scanBytes: Int
    let drainGraceMilliseconds: UInt32

    init(_ options: Options) throws(OptionError) {
        let heartbeat = try options.duration("heartbeat_interval")
        let wire = ServerSettings(
            maximumPayload: UInt32(clamping: try options.size("max_payload")),
            heartbeatMilliseconds: heartbeat.wholeMilliseconds,
            unansweredHeartbeats: UInt8(clamping: try options.integer("heartbeat_misses")))
        // The schema cannot express this rule: 0, or at least the shortest heartbeat.
        let shortest = WireLimits.shortestHeartbeatMilliseconds
        guard let wire, heartbeat == .zero || wire.heartbeatMilliseconds > 0 else {
            throw OptionError(
                options.pathOf("heartbeat_interval"),
                "expected 0s (no heartbeats) or \(shortest)ms and more, found \(heartbeat)"
            )
        }
        self.wire = wire
        let store = try options.text("store")
        self.store = store == "memory" ? nil : store
        maximumValueBytes = try options.size("max_value")
        maximumStoreBytes = try options.size("max_store_bytes")
        scanLimit = Int(try options.integer("scan_limit"))
        scanBytes = try options.size("scan_bytes")
        drainGraceMilliseconds = try options.duration("drain_grace").wholeMilliseconds
    }
}

extension Duration {
    /// For a duration that the schema has limited.
    fileprivate var wholeMilliseconds: UInt32 {
        UInt32(clamping: components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000)
    }
}
