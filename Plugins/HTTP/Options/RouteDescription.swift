import HTTPWire
import MartletKit

/// One checked `[[options.routes]]` table.
struct RouteDescription: Sendable {
    enum Resource: Sendable {
        case fixed(FixedAnswer)
        case folder(FolderDescription)
        case echo
    }

    /// Decoded; a prefix if it ends with `/`.
    let path: String
    let resource: Resource

    static func all(in options: Options) throws(OptionError) -> [RouteDescription] {
        var routes: [RouteDescription] = []
        for (index, table) in try options.tables("routes").enumerated() {
            let route = try RouteDescription(table)
            if let first = routes.firstIndex(where: { $0.path == route.path }) {
                throw OptionError(options.pathOf("routes[\(index)].path"), "is also the path of routes[\(first)]")
            }
            routes.append(route)
        }
        return routes.isEmpty ? [.welcome] : routes
    }

    init(path: String, resource: Resource) {
        self.path = path
        self.resource = resource
    }

    private init(_ options: Options) throws(OptionError) {
        path = try Self.path(options)
        resource = try Self.resource(options, path)
    }

    private static func resource(_ options: Options, _ path: String) throws(OptionError) -> Resource {
        let echoes = options.has("echo") ? try options.boolean("echo") : false
        let isFixed = options.has("text") || (options.has("location") && !options.has("root") && !echoes)
        switch (isFixed, options.has("root"), echoes) {
        case (true, false, false):
            try refuse(["cache_control"], of: options, because: "needs a route with a root")
            return .fixed(try FixedAnswer(options))
        case (false, true, false):
            try refuse(["status", "location"], of: options, because: "needs a route with a text")
            guard path.hasSuffix("/") else {
                throw OptionError(options.pathOf("path"), "must end with \"/\", because its root is a folder")
            }
            return .folder(try FolderDescription(options))
        case (false, false, true):
            try refuse(["status", "location", "cache_control"], of: options, because: "has no effect on an echo")
            return .echo
        case (false, false, false):
            throw OptionError(options.path, "answers nothing: set text, root or echo = true")
        default:
            throw OptionError(options.path, "must have only one of text, root and echo = true")
        }
    }

    private static func refuse(_ keys: [String], of options: Options, because message: String) throws(OptionError) {
        for key in keys where options.has(key) { throw OptionError(options.pathOf(key), message) }
    }

    /// Request paths are compared in their normal form (see `NormalPath`), so a route in another form would never match.
    private static func path(_ options: Options) throws(OptionError) -> String {
        let path = try options.text("path")
        let problem: String? =
            if !path.utf8.starts(with: "/".utf8) {
                "must begin with \"/\""
            } else if path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
                "must not contain control characters"
            } else if path.utf8.contains(where: { "%?#".utf8.contains($0) }) {
                "must not contain \"%\", \"?\" or \"#\": it is compared with the decoded path of a request"
            } else if path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().dropLast()
                .contains(where: \.isEmpty) || path.split(separator: "/").contains(where: { $0 == "." || $0 == ".." })
            {
                "must not have a segment that is empty, \".\" or \"..\": these are resolved before routes are compared"
            } else {
                nil
            }
        if let problem { throw OptionError(options.pathOf("path"), problem) }
        return path
    }
}
