import CMartlet

/// What the probe does before there is an instance: told to the parent before each step.
package enum ProbeStep: Sendable {
    case starting, loading, entry, descriptor

    /// "crashed … while its constructors ran"
    var phrase: String {
        switch self {
        case .starting: "before it was loaded"
        case .loading: "while it was loaded (in a constructor)"
        case .entry: "in \(MARTLET_ENTRY_SYMBOL)"
        case .descriptor: "while its descriptor was read"
        }
    }
}
