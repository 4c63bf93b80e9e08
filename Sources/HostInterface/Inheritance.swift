import Engine

/// What a runtime leaves when it dies, or shows when it stands still.
package protocol RuntimeEstate: AnyObject, Sendable {
    /// Of its arena, of the pages that it has published, and of the socket to its keepers.
    var descriptors: (arena: Int32, published: Int32, keepers: Int32) { get }

    /// Lets go of everything: what nobody has taken is closed when this returns.
    ///
    /// - Parameter keepers: processes that are known to have passed descriptors.
    func release(_ keepers: [Int32])
}

/// What a runtime has taken over.
package struct Inheritance: Codable, Sendable, Equatable {
    /// Connections that are lost already. The others wait for an instance.
    package var succession: Succession
    /// The process ids of the keepers that have passed descriptors.
    package var keepers: [Int32]
    /// The connections that are here now.
    package var taken: SlotSet

    package init(succession: Succession, keepers: [Int32] = [], taken: SlotSet = SlotSet()) {
        self.succession = succession
        self.keepers = keepers
        self.taken = taken
    }
}

/// Why nothing could be taken over.
package struct InheritanceProblem: Error, Codable {
    package let text: String

    package init(text: String) { self.text = text }
}
