import Glibc
import Server

/// The file that `MARTLET_FAIL_POINT` names: the next reload fails at the step that stands in it.
struct FailPointFile {
    let path: String

    init(_ folder: ServerFolder) { path = folder.path + "/fail-point" }

    /// For `RunningServer(_:launcher:)`.
    var launcher: [String] { ["env", "MARTLET_FAIL_POINT=\(path)"] }

    func set(_ step: ReloadStep) throws { try Files.replace(path, with: Array(step.rawValue.utf8)) }

    /// A reload has met it.
    var isUsed: Bool { !Files.exists(path) }
}
