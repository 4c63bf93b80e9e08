import Glibc
import Server

/// The file named by `MARTLET_FAIL_POINT`. It contains a step at which the next reload fails.
struct FailPointFile {
    let path: String

    init(_ folder: ServerFolder) { path = folder.path + "/fail-point" }

    /// For `RunningServer(_:launcher:)`.
    var launcher: [String] { ["env", "MARTLET_FAIL_POINT=\(path)"] }

    func set(_ step: ReloadStep) throws { try Files.replace(path, with: Array(step.rawValue.utf8)) }

    /// Whether a reload has failed at the step and removed the file.
    var isUsed: Bool { !Files.exists(path) }
}
