import HTTPWire

/// What the sessions of one event loop share. No locks: that loop's thread alone touches it.
struct HTTPLoop {
    var date: DateOfAnswers
    /// The fixed answers in the order of `RouteTable.templates`, as copies whose date this loop may write.
    let answers: UnsafeMutablePointer<PreparedAnswer>
    var files: FileCache
    /// For a request path that has to be decoded. One is enough: callbacks of a loop do not nest.
    let pathMemory: UnsafeMutableBufferPointer<UInt8>
    private let owner: Owner

    init(settings: Settings, routes: RouteTable) {
        date = DateOfAnswers()
        owner = Owner(settings: settings, routes: routes)
        answers = owner.answers
        pathMemory = owner.pathMemory
        files = owner.files
    }

    /// Frees the memory when the loop state goes.
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
