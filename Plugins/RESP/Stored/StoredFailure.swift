import MartletKit

/// What a client is told when the database has failed. It says nothing about the database.
struct StoredFailure {
    static let busy = "ERR the database is busy; try again later"

    let text: String
    /// Neither load nor the state of the database explains it: it belongs into the log.
    let isOurs: Bool

    init(_ error: DatabaseError) {
        (text, isOurs) =
            switch error.kind {
            case .busy, .conflict: (Self.busy, false)
            case .away, .stopping:
                ("ERR the database cannot be reached; what it was asked for may have been done", false)
            case .timeout: ("ERR the database took too long", false)
            case .readOnly: ("READONLY the database can only be read now", false)
            case .full: ("OOM the database has no space left", false)
            case .tooLarge: ("ERR the answer is larger than the database gives (max_result)", false)
            default: ("ERR the database could not do it; the log of the server says why", true)
            }
    }
}
