import MartletKit

/// All routes of an instance, sorted by path. Immutable after `init`, so all loops share it.
struct RouteTable: @unchecked Sendable {
    let index: RouteIndex
    /// The fixed answers; each loop has its own copies.
    let templates: [PreparedAnswer]
    /// The sources of the templates, in the same order.
    let fixedAnswers: [Fixed]
    let folders: [FolderDescription]
    private let owner: Owner

    /// `server` is the value of the `Server` field of all answers.
    init(_ descriptions: [RouteDescription], server: FieldText) throws(OptionError) {
        var builder = RouteTableBuilder()
        for description in descriptions { try builder.add(description, server: server) }
        builder.addFoldersWithoutSlash()
        templates = builder.templates
        fixedAnswers = builder.fixedAnswers
        folders = builder.folders
        let sorted = builder.sortedRoutes
        let memory = UnsafeMutablePointer<Route>.allocate(capacity: sorted.count)
        memory.initialize(from: sorted, count: sorted.count)
        index = RouteIndex(routes: UnsafePointer(memory), count: sorted.count)
        owner = Owner(routes: memory, count: sorted.count, templates: templates)
    }

    struct Fixed: Sendable {
        let path: String
        let answer: FixedAnswer
    }

    private final class Owner {
        let routes: UnsafeMutablePointer<Route>
        let count: Int
        let templates: [PreparedAnswer]

        init(routes: UnsafeMutablePointer<Route>, count: Int, templates: [PreparedAnswer]) {
            self.routes = routes
            self.count = count
            self.templates = templates
        }

        deinit {
            for index in 0..<count { routes[index].path.deallocate() }
            routes.deallocate()
            for template in templates { template.deallocate() }
        }
    }
}
