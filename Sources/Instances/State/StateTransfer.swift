/// What becomes of the state of an instance when another takes its place.
package enum StateTransfer: Codable, Sendable, Equatable {
    /// There is none to move.
    case none
    /// It moves. If it does not stay usable, no session can stay behind.
    case moves(staysUsable: Bool)
    /// The other plugin does not know this kind of state, and begins without.
    case startsAnew(String)
    /// The other plugin knows it, but not this version.
    case impossible(String)
}

/// A state that has moved.
package struct StateMove: Codable, Sendable, Equatable {
    package var pieces = 0
    package var bytes = 0
    /// How long the callbacks of the listener stood still.
    package var pauseMilliseconds = 0.0
    /// Connections that were closed because their sessions could not move with the state.
    package var closed = 0

    package init() {}
}

/// Why a state has not moved. The instance goes on with it.
package struct StateRefusal: Error, Codable, Sendable {
    package let reason: String
    /// The plugin broke a rule of `martlet.h`.
    package let isFault: Bool

    package init(reason: String, isFault: Bool = false) {
        self.reason = reason
        self.isFault = isFault
    }
}
