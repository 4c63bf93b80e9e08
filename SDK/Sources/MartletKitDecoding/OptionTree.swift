import MartletKit

/// The table that is being decoded. An error names the path of a value in it.
struct OptionTree {
    /// The path of the table itself; empty for the root.
    let path: String
    let root: Options.Value

    /// The path of a value as in an `OptionError`: `routes[1].root`. Keys of other types are matched as the decoder matches them.
    func text(of steps: [any CodingKey]) -> String {
        var text = path
        var value: Options.Value? = root
        for step in steps {
            if let index = step.intValue {
                text += "[\(index)]"
                if case .list(let items) = value, items.indices.contains(index) {
                    value = items[index]
                } else {
                    value = nil
                }
                continue
            }
            var (key, next): (String, Options.Value?) = (
                step is OptionKey ? step.stringValue : step.stringValue.inSnakeCase, nil
            )
            if case .table(let members) = value, let member = members.member(for: step) {
                (key, next) = (member.key, member.value)
            }
            text += text.isEmpty ? key : ".\(key)"
            value = next
        }
        return text
    }

    func error(at steps: [any CodingKey], _ message: String) -> OptionError { OptionError(text(of: steps), message) }

    func mismatch(_ value: Options.Value, at steps: [any CodingKey], expected: String) -> OptionError {
        error(at: steps, "expected \(expected), found \(value.found)")
    }

    /// Decodes a value: directly if the type is an `OptionScalar`, otherwise with `init(from:)` of the type. Not generic, so that the
    /// compiler emits it once.
    @inline(never)
    func decode(
        _ type: any Decodable.Type, _ value: Options.Value, at steps: [any CodingKey]
    ) throws(OptionError) -> any Decodable {
        if let scalar = type as? any OptionScalar.Type {
            guard let found = try scalar.init(value, OptionContext(tree: self, steps: steps)) else {
                throw mismatch(value, at: steps, expected: scalar.expected)
            }
            return found
        }
        do {
            return try type.init(from: OptionDecoder(tree: self, value: value, codingPath: steps))
        } catch let error as OptionError {
            guard error.path.isEmpty else { throw error }
            throw self.error(at: steps, error.message)
        } catch let error as DecodingError {
            throw translate(error, type, value, at: steps)
        } catch {
            throw self.error(at: steps, "\(error)")
        }
    }

    /// The containers here throw an `OptionError`. A `DecodingError` comes from the standard library or from the plugin.
    private func translate(
        _ error: DecodingError, _ type: any Decodable.Type, _ value: Options.Value, at steps: [any CodingKey]
    ) -> OptionError {
        switch error {
        case .dataCorrupted(let context):
            if context.codingPath.count == steps.count, let choices = Self.choices(of: type) {
                return mismatch(value, at: steps, expected: "one of \(choices)")
            }
            return self.error(at: context.codingPath, context.debugDescription)
        case .keyNotFound(let key, let context):
            return self.error(at: context.codingPath + [key], context.debugDescription)
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return self.error(at: context.codingPath, context.debugDescription)
        @unknown default: return self.error(at: steps, "\(error)")
        }
    }

    /// The raw values of an enum that can list them: `"fast", "safe"`.
    private static func choices(of type: any Decodable.Type) -> String? {
        guard let type = type as? any (CaseIterable & RawRepresentable).Type else { return nil }
        return choices(type)
    }

    private static func choices<E: CaseIterable & RawRepresentable>(_: E.Type) -> String {
        E.allCases.map { String(reflecting: $0.rawValue) }.joined(separator: ", ")
    }
}

extension Options.Value {
    /// The user's value, in the words of an error.
    var found: String {
        switch self {
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .duration(let nanoseconds): "the duration \(Duration.nanoseconds(nanoseconds))"
        case .size(let bytes): "the size \(bytes)"
        case .number(let value): "\(value)"
        case .text(let text): String(reflecting: text)
        case .list: "a list"
        case .table: "a table"
        }
    }
}
