import HTTPWire
import MartletKit

/// The options of a listener apart from its routes.
struct Settings: Sendable {
    let limits: RequestLimits
    let keepsAlive: Bool
    /// Requests that one connection may carry; 0 is no limit.
    let requestsPerConnection: UInt32
    /// Open files and small contents kept, per event loop.
    let openFiles: Int
    /// The value of the `Server` field; empty: none is sent.
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
