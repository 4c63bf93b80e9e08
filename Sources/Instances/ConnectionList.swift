import Engine

/// Connections of an instance.
package struct ConnectionList: Codable, Sendable, Equatable {
    package var connections: [ConnectionView] = []
    /// False: an event loop did not answer, so that its connections are missing.
    package var isComplete = true

    package init(isComplete: Bool = true) { self.isComplete = isComplete }
}
