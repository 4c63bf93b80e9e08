import HTTPWire
import MartletKit

/// The options of a listener, except its routes.
struct Settings: Sendable {
    let limits: RequestLimits
    let keepsAlive: Bool
    /// Maximum requests of one connection; 0 is no limit.
    let requestsPerConnection: UInt32
    /// Maximum open files and small contents in the cache of each event loop.
    let openFiles: Int
    /// The value of the `Server` field; empty: the field is not sent.
    let server: FieldText

    init(_ options: Options) throws(OptionError) {
        limits = RequestLimits(
            requestLineBytes: try options.size("max_request_line"),
            fieldSectionBytes: try options.size("max_headers"),
            fieldCount: Int(try options.integer("max_header_count")),
            contentBytes: UInt64(try options.size("max_body")))
        keepsAlive = try options.boolean("keep_alive")
        requestsPerConnection = UInt32(try options.integer("max_requests"))
        openFiles = Int(try options.integer("open_files"))
        server = try FieldText(option: "server", of: options)
    }
}
