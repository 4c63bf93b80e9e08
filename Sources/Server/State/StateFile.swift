import FoundationEssentials
import Glibc
import Instances
import PluginHost

/// `state.json` in the state directory.
struct StateFile: Sendable {
    /// More than a thousand listeners need.
    private static let sizeLimit = 256 << 20

    let path: String

    init(in directory: StateDirectory) { path = directory.path + "/state.json" }

    private struct Header: Decodable {
        var format: Int
    }

    /// Reads what an earlier server wrote. Returns an empty state when there is no file. A file that cannot be understood is an
    /// error, not an empty state: it may be all that keeps bad content away from the traffic.
    func read() throws(FileProblem) -> ServerState {
        let bytes: [UInt8]
        do throws(RegularFile.Problem) {
            bytes = try RegularFile.read(path, limit: Self.sizeLimit, check: FileGuard.problem)
        } catch {
            if error.isMissing { return ServerState() }
            throw problem(error.text)
        }
        guard let header = try? JSONDecoder().decode(Header.self, from: Data(bytes)) else {
            throw problem("is damaged: expected JSON with a format")
        }
        guard header.format == ServerState.format else {
            throw problem(
                "has format \(header.format), expected \(ServerState.format): it was written by another version of martlet"
            )
        }
        do {
            return try JSONDecoder().decode(ServerState.self, from: Data(bytes))
        } catch {
            throw problem("is damaged: \(error)")
        }
    }

    func write(_ state: ServerState) throws(FileProblem) {
        try NewFile.replace(path, try bytes(of: state), mode: 0o600)
    }

    /// Creates the file, or checks that it can be replaced. A start that changes nothing does not wait for the disk.
    func prepare(_ state: ServerState) throws(FileProblem) {
        if access(path, F_OK) == 0 {
            try NewFile.rehearse(path, try bytes(of: state), mode: 0o600)
        } else {
            try write(state)
        }
    }

    private func bytes(of state: ServerState) throws(FileProblem) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(state) else { throw FileProblem(path, "cannot be encoded") }
        return Array(data) + [UInt8(ascii: "\n")]
    }

    private func problem(_ reason: String) -> FileProblem {
        FileProblem(
            path, "\(reason). It lists what is in quarantine or held back; to start without it, move it away"
        )
    }
}
