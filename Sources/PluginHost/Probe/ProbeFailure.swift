/// Why a probe came to no good end.
package enum ProbeFailure: Error, Sendable, Equatable {
    /// The plugin's doing: it would happen again.
    case refused(String)
    /// The plugin took too long. The machine may have been busy, so nothing is concluded from it for the next time.
    case timedOut(String)
    /// The plugin made no instance from these options. Also for reasons that pass: a folder that is not there yet.
    case notCreated(CreationFailure)
    /// The probe's own trouble.
    case failed(String)

    package var reason: String {
        switch self {
        case .refused(let reason), .timedOut(let reason), .failed(let reason): reason
        case .notCreated(let failure): failure.reasons
        }
    }

    /// Whether the same content with the same options will fail in the same way.
    var isLasting: Bool {
        if case .refused = self { true } else { false }
    }
}
