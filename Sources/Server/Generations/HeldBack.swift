/// What a listener's file asks for and the listener does not run, because that was tried and did not go well: a reload that
/// finds just this in the folder leaves the listener as it is.
struct HeldBack: Sendable, Equatable {
    var state: ListenerState
    /// "rolled back", "its trial was aborted (3 faults)"
    var reason: String

    /// Whether this is the same plugin with the same text of the listener's file.
    func isOf(_ recipe: PreparedListener) -> Bool {
        state.hash == recipe.image.hash && state.configuration.text == recipe.configuration.text
    }

    /// For a receipt, behind what runs.
    func detail(whileRunning hash: String) -> String {
        let what = state.hash == hash ? "what its file says now" : "\(state.hash.prefix(12))"
        return "\(reason): \(what) is held back until its file changes"
    }
}

extension RunningListener {
    /// The same text means the same listener, whatever the `[defaults]` are by now: only the file or the plugin ends a hold.
    func readHeldBackAgain(_ preparation: ReloadPreparation) {
        guard let held = heldBack,
            let wanted = preparation.listeners.first(where: { $0.configuration.name == name }), held.isOf(wanted)
        else { return }
        heldBack?.state = wanted.state
    }
}
