import CLinux

/// Why a plugin made no instance in the probe.
package struct CreationFailure: Codable, Sendable, Equatable, CustomStringConvertible {
    package var problems: [OptionRefusal]
    /// What the plugin tried and the probe kept from it: "writing files", "the network". Empty: the server would most likely get
    /// the same answer.
    package var hindrances: [String] = []

    package init(_ problems: [OptionRefusal]) { self.problems = problems }

    /// In the probe's child, after the failure.
    ///
    /// - Parameter isIsolated: it has a network of its own, whose counters are its own.
    func withHindrances(isIsolated: Bool) -> CreationFailure {
        var failure = self
        if linux_file_size_was_reached() != 0 { failure.hindrances.append("writing files") }
        if isIsolated, linux_network_was_tried() != 0 { failure.hindrances.append("the network") }
        return failure
    }

    /// As it follows "not exercised: ".
    package var description: String {
        let kept = hindrances.isEmpty ? "" : ", which kept it from \(hindrances.joined(separator: " and "))"
        return "it made no instance in the probe\(kept): \(reasons)"
    }

    package var reasons: String { problems.map(\.description).joined(separator: "; ") }
}
