import CLinux
import Instances

/// Why a plugin made no instance in the probe.
package struct CreationFailure: Codable, Sendable, Equatable, CustomStringConvertible {
    package var problems: [OptionRefusal]
    /// Actions of the plugin that the probe prevented: "writing files", "the network". Empty: in the server `create` would most
    /// likely fail as well.
    package var hindrances: [String] = []

    package init(_ problems: [OptionRefusal]) { self.problems = problems }

    /// Called in the probe's child, after the failure.
    ///
    /// - Parameter isIsolated: the child has a separate network namespace, whose counters count only its own traffic.
    func withHindrances(isIsolated: Bool) -> CreationFailure {
        var failure = self
        if linux_file_size_was_reached() != 0 { failure.hindrances.append("writing files") }
        if isIsolated, linux_network_was_tried() != 0 { failure.hindrances.append("the network") }
        return failure
    }

    /// The text after "not exercised: ".
    package var description: String {
        let kept = hindrances.isEmpty ? "" : ", which kept it from \(hindrances.joined(separator: " and "))"
        return "it made no instance in the probe\(kept): \(reasons)"
    }

    package var reasons: String { problems.map(\.description).joined(separator: "; ") }
}
