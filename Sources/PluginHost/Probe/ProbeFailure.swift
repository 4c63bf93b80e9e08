/// Why a probe failed.
package enum ProbeFailure: Error, Sendable, Equatable {
    /// The plugin is to blame, and would fail again.
    case refused(String)
    /// The plugin took too long. The machine may have been busy, so this result is not cached.
    case timedOut(String)
    /// The plugin made no instance from these options. The reason may be temporary, such as a folder that does not exist yet.
    case notCreated(CreationFailure)
    /// The probe itself failed.
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
