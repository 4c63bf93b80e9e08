/// Describes an operation, without calling it.
package struct OperationDescription: Codable, Sendable, Equatable {
    package enum Place: String, Codable, Sendable {
        case control, loops, worker
    }

    package var name: String
    package var signature: Signature
    package var place: Place
    /// One line.
    package var help: String

    /// "count(cstr prefix) -> i64"
    package var usage: String {
        "\(name)(\(signature.arguments.map(\.description).joined(separator: ", ")))"
            + (signature.result == .void ? "" : " -> \(signature.result)")
    }

    package var returnsNothing: Bool { signature.result == .void }

    /// Parses the arguments that a user wrote, and checks them against the signature.
    package func parse(_ arguments: [String]) throws(Signature.Problem) -> [OperationValue] {
        guard arguments.count == signature.arguments.count else {
            throw .init(
                text: "expected \(counted(signature.arguments.count)), found \(arguments.count): \(usage)")
        }
        var values: [OperationValue] = []
        for (index, text) in arguments.enumerated() {
            let type = signature.arguments[index].type
            guard let value = OperationValue(text, as: type) else {
                let shown = text.count > 64 ? text.prefix(64) + "..." : text[...]
                throw .init(
                    text: "\(signature.nameOfArgument(index)): expected \(type) (\(type.range)), found \"\(shown)\": "
                        + usage)
            }
            values.append(value)
        }
        return values
    }

    private func counted(_ count: Int) -> String { count == 1 ? "1 argument" : "\(count) arguments" }
}
