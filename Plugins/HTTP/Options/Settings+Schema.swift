import MartletKit

extension Settings {
    static let schema: [Option] = [
        Option(
            "max_request_line", .size(64...1_048_576), default: #""8KiB""#,
            help: "Longest request line; a longer one is answered with 414."),
        Option(
            "max_headers", .size(256...16_777_216), default: #""32KiB""#,
            help: "Largest header section, and trailer section; a larger one is answered with 431."),
        Option(
            "max_header_count", .integer(1...65_535), default: "100",
            help: "Maximum field lines in a header section; more are answered with 431."),
        Option(
            "max_body", .size(0...Int64.max), default: #""1MiB""#,
            help: "Largest request body; a larger one is answered with 413."),
        Option("server", .text(), default: #""""#, help: "Value of the Server field; empty: the field is not sent."),
        Option(
            "keep_alive", .boolean, default: "true", help: "Whether a connection may have more than one request."),
        Option(
            "max_requests", .integer(0...4_294_967_295), default: "0",
            help: "Requests after which a connection is closed; 0 is no limit."),
        Option(
            "open_files", .integer(0...65_536), default: "256",
            help: "Files kept open between requests, for each event loop; 0: none."),
        Option(
            "routes", .list(of: .table(route)), default: "[]", help: "Routes; none: a welcome page at \"/\"."),
    ]

    private static let route: [Option] = [
        Option(
            "path", .text(), required: true,
            help: "The path, decoded; if it ends with \"/\", it is a prefix. The longest match answers."),
        Option("text", .text(), help: "Answer with this text."),
        Option(
            "content_type", .text(), default: #""text/plain; charset=utf-8""#, help: "Media type of the text."),
        Option(
            "status", .integer(200...599), help: "Status of the text; default: 200, or 302 if there is a location."),
        Option("location", .text(), help: "Value of the Location field: makes the text a redirect."),
        Option("root", .path, help: "Answer with the files of this folder; the path must end with \"/\"."),
        Option("index", .text(), default: #""index.html""#, help: "File that is served for a folder."),
        Option("cache_control", .text(), help: "Value of the Cache-Control field of files."),
        Option("echo", .boolean, default: "false", help: "Answer POST, PUT and PATCH with the body of the request."),
    ]
}
