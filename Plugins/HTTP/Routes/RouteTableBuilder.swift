import MartletKit

/// Builds the table of routes: numbers the resources, sorts the paths, and links them to shorter prefixes.
struct RouteTableBuilder {
    private(set) var templates: [PreparedAnswer] = []
    /// The sources of the templates.
    private(set) var fixedAnswers: [RouteTable.Fixed] = []
    private(set) var folders: [FolderDescription] = []
    private var targets: [(path: [UInt8], kind: Route.Kind, resource: Int)] = []

    mutating func add(_ description: RouteDescription, server: FieldText) throws(OptionError) {
        let path = Array(description.path.utf8)
        switch description.resource {
        case .fixed(let answer):
            targets.append((path, .fixed, templates.count))
            templates.append(PreparedAnswer(answer, server: server))
            fixedAnswers.append(RouteTable.Fixed(path: description.path, answer: answer))
        case .folder(let folder):
            targets.append((path, .folder, folders.count))
            folders.append(folder)
        case .echo:
            targets.append((path, .echo, 0))
        }
    }

    /// Adds a redirect from `/a` to the folder `/a/`, unless there is a route for `/a`.
    mutating func addFoldersWithoutSlash() {
        for target in targets where target.kind == .folder && target.path.count > 1 {
            let path = Array(target.path.dropLast())
            if !targets.contains(where: { $0.path == path }) { targets.append((path, .folderWithoutSlash, 0)) }
        }
    }

    var sortedRoutes: [Route] {
        let sorted = targets.sorted { $0.path.lexicographicallyPrecedes($1.path) }
        var parents: [Int] = []
        for index in sorted.indices {
            // As in `longestMatch`: the parent is the predecessor or one of its parents.
            var candidate = index - 1
            while candidate >= 0, !Self.isPrefix(sorted[candidate].path, of: sorted[index].path) {
                candidate = parents[candidate]
            }
            parents.append(candidate)
        }
        return zip(sorted, parents).map { target, parent in
            Route(
                path: Bytes(copying: target.path), kind: target.kind, resource: Int32(target.resource),
                parent: Int32(parent))
        }
    }

    private static func isPrefix(_ path: [UInt8], of longer: [UInt8]) -> Bool {
        path.last == UInt8(ascii: "/") && longer.starts(with: path)
    }
}
