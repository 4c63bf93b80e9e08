import FoundationEssentials
import Glibc
import Instances

/// `verdicts.json` in the state directory: what plugins said of themselves and how they did in the probe, so that a restart does not
/// probe the same content again.
///
/// A verdict is about the content of a plugin, the options, and this host: another program file is another host. The file is a
/// cache: one that cannot be read or understood is taken for an empty one.
package struct VerdictFile: Sendable {
    private static let format = 1
    private static let sizeLimit = 64 << 20

    struct Exercised: Codable, Hashable, Sendable {
        var hash: String
        var options: OptionValue
    }

    struct Content: Codable, Sendable {
        struct Description: Codable, Sendable {
            var hash: String
            var description: PluginDescription
        }

        struct Exercise: Codable, Sendable {
            var subject: Exercised
            var report: ExerciseReport
        }

        var format: Int
        var host: String
        /// Oldest first.
        var descriptions: [Description] = []
        /// Oldest first.
        var exercises: [Exercise] = []
    }

    let path: String
    private let host: String

    /// - Parameter executable: the program that probes and serves.
    package init(directory: String, executable: String) {
        path = directory + "/verdicts.json"
        var status = stat()
        stat(executable, &status)
        host = "\(Version.current) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    }

    func read() -> Content {
        let empty = Content(format: Self.format, host: host)
        guard let bytes = try? RegularFile.read(path, limit: Self.sizeLimit, check: FileGuard.problem),
            let content = try? JSONDecoder().decode(Content.self, from: Data(bytes)),
            content.format == Self.format, content.host == host
        else { return empty }
        return content
    }

    func write(
        descriptions: [(key: String, value: PluginDescription)], exercises: [(key: Exercised, value: ExerciseReport)]
    ) throws(FileProblem) {
        let content = Content(
            format: Self.format, host: host,
            descriptions: descriptions.map { Content.Description(hash: $0.key, description: $0.value) },
            exercises: exercises.map { Content.Exercise(subject: $0.key, report: $0.value) })
        guard let data = try? JSONEncoder().encode(content) else { throw FileProblem(path, "cannot be encoded") }
        try NewFile.replace(path, Array(data), mode: 0o600, isSynced: false)
    }
}
