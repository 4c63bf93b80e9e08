import CMartlet

/// The steps of the probe before there is an instance. The child reports each step to the parent before it takes it.
package enum ProbeStep: Sendable {
    case starting, loading, entry, descriptor

    /// "crashed (SIGSEGV) while it was loaded (in a constructor)"
    var phrase: String {
        switch self {
        case .starting: "before it was loaded"
        case .loading: "while it was loaded (in a constructor)"
        case .entry: "in \(MARTLET_ENTRY_SYMBOL)"
        case .descriptor: "while its descriptor was read"
        }
    }
}
