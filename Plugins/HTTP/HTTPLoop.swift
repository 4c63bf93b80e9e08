import HTTPWire

/// The state that the sessions of one event loop share. It needs no locks: only the thread of that loop uses it.
struct HTTPLoop {
    var date: DateOfAnswers
    /// Copies of the fixed answers, in the order of `RouteTable.templates`. This loop writes the date into them.
    let answers: UnsafeMutablePointer<PreparedAnswer>
    var files: FileCache
    /// Memory for a request path that has to be decoded. One is enough, because callbacks of a loop do not nest.
    let pathMemory: UnsafeMutableBufferPointer<UInt8>
    private let owner: Owner

    init(settings: Settings, routes: RouteTable) {
        date = DateOfAnswers()
        owner = Owner(settings: settings, routes: routes)
        answers = owner.answers
        pathMemory = owner.pathMemory
        files = owner.files
    }

    /// Frees the memory when the loop state is destroyed.
    private final class Owner {
        let answers: UnsafeMutablePointer<PreparedAnswer>
        let answerCount: Int
        let pathMemory: UnsafeMutableBufferPointer<UInt8>
        let files: FileCache

        init(settings: Settings, routes: RouteTable) {
            answerCount = routes.templates.count
            answers = .allocate(capacity: answerCount)
            for (index, template) in routes.templates.enumerated() {
                (answers + index).initialize(to: PreparedAnswer(copying: template))
            }
            pathMemory = .allocate(capacity: settings.limits.requestLineBytes + 2)
            files = FileCache(capacity: settings.openFiles, folders: routes.folders, server: settings.server)
        }

        deinit {
            for index in 0..<answerCount { answers[index].deallocate() }
            answers.deallocate()
            pathMemory.deallocate()
            files.deallocate()
        }
    }
}
