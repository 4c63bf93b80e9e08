import FoundationEssentials

/// One line from the probe's child to its parent.
enum ProbeMessage: Equatable {
    /// The next step, as the end of a reason: "in received, with line text".
    case step(String)
    /// The answer in JSON.
    case accepted(String)
    case refused(String)
    case notCreated(CreationFailure)

    /// nil: the line is not a message.
    init?(line: String) {
        let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        switch parts[0] {
        case "step": self = .step(parts[1])
        case "accepted": self = .accepted(parts[1])
        case "refused": self = .refused(parts[1])
        case "not-created":
            guard let failure = try? JSONDecoder().decode(CreationFailure.self, from: Data(parts[1].utf8)) else {
                return nil
            }
            self = .notCreated(failure)
        default: return nil
        }
    }

    /// Without the newline.
    var line: String {
        switch self {
        case .step(let phrase): "step \(phrase)"
        case .accepted(let json): "accepted \(json)"
        case .refused(let reason): "refused " + reason.split(separator: "\n").joined(separator: " ")
        case .notCreated(let failure): "not-created " + Self.json(failure)
        }
    }

    static func json(_ value: some Encodable) -> String {
        (try? JSONEncoder().encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
