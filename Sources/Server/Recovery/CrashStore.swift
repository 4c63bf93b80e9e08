import Configuration
import FoundationEssentials
import Glibc
import PluginHost

/// The reports of crashes in the state directory: a file for each, the oldest of more than a hundred are removed.
package struct CrashStore: Sendable {
    static let limit = 100
    private static let sizeLimit = 1 << 20

    private let directory: String

    /// - Parameter state: the state directory.
    package init(state: String) { directory = state + "/crashes" }

    /// All reports, the oldest first. What is no report is left out.
    package var reports: [CrashReport] {
        numbers.compactMap { number in
            guard
                let bytes = try? RegularFile.read(path(number), limit: Self.sizeLimit, check: { _, _ in nil })
            else { return nil }
            return try? JSONDecoder().decode(CrashReport.self, from: Data(bytes))
        }
    }

    /// Keeps a report under the next number, which it returns.
    func add(_ report: CrashReport) throws(FileProblem) -> Int {
        if mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw FileProblem(directory, "cannot be created: \(text(errno))")
        }
        let numbers = numbers
        var report = report
        report.number = (numbers.last ?? 0) + 1
        guard let data = try? JSONEncoder().encode(report) else { throw FileProblem(directory, "cannot be encoded") }
        try NewFile.replace(path(report.number), Array(data), mode: 0o600, isSynced: false)
        for number in numbers.dropLast(Self.limit - 1) { unlink(path(number)) }
        return report.number
    }

    private func path(_ number: Int) -> String { "\(directory)/\(number).json" }

    private var numbers: [Int] {
        let names = (try? FolderListing.names(in: directory)) ?? []
        return names.compactMap { $0.hasSuffix(".json") ? Int($0.dropLast(5)) : nil }.sorted()
    }
}
