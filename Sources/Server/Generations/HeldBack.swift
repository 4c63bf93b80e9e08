/// What a listener's file asks for but the listener does not run, because it failed its trial or was rolled back. A reload that
/// finds exactly this in the folder leaves the listener unchanged.
struct HeldBack: Sendable, Equatable {
    var state: ListenerState
    /// "rolled back", "its trial was aborted (3 faults)"
    var reason: String

    /// Whether the recipe has the same plugin and the same text in the listener's file.
    func isOf(_ recipe: PreparedListener) -> Bool {
        state.hash == recipe.image.hash && state.configuration.text == recipe.configuration.text
    }

    /// Text for a receipt, after the description of what runs.
    func detail(whileRunning hash: String) -> String {
        let what = state.hash == hash ? "its current configuration" : "\(state.hash.prefix(12))"
        return "\(reason): \(what) is held back until its file changes"
    }
}

extension RunningListener {
    /// The same text means the same listener, even if the `[defaults]` have changed: only a change of the file or the plugin ends
    /// a hold.
    func readHeldBackAgain(_ preparation: ReloadPreparation) {
        guard let held = heldBack,
            let wanted = preparation.listeners.first(where: { $0.configuration.name == name }), held.isOf(wanted)
        else { return }
        heldBack?.state = wanted.state
    }
}
