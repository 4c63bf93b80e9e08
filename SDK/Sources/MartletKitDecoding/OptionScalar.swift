import MartletKit

/// A type that one option value can be decoded to directly.
protocol OptionScalar: Decodable {
    /// The expected type, in the words of an error.
    static var expected: String { get }

    /// nil: the value is of another type.
    init?(_ value: Options.Value, _ context: OptionContext) throws(OptionError)
}

/// The position of a value, for an error.
struct OptionContext {
    let tree: OptionTree
    let steps: [any CodingKey]
}

extension Bool: OptionScalar {
    static var expected: String { "a boolean" }

    init?(_ value: Options.Value, _ context: OptionContext) {
        guard case .boolean(let value) = value else { return nil }
        self = value
    }
}

extension String: OptionScalar {
    static var expected: String { "a text" }

    init?(_ value: Options.Value, _ context: OptionContext) {
        guard case .text(let value) = value else { return nil }
        self = value
    }
}

extension Duration: OptionScalar {
    static var expected: String { "a duration" }

    init?(_ value: Options.Value, _ context: OptionContext) {
        guard case .duration(let nanoseconds) = value else { return nil }
        self = .nanoseconds(nanoseconds)
    }
}

extension Double: OptionScalar {
    static var expected: String { "a number" }

    init?(_ value: Options.Value, _ context: OptionContext) {
        switch value {
        case .number(let value): self = value
        case .integer(let value): self = Double(value)
        default: return nil
        }
    }
}

extension Float: OptionScalar {
    static var expected: String { Double.expected }

    init?(_ value: Options.Value, _ context: OptionContext) {
        guard let value = Double(value, context) else { return nil }
        self = Float(value)
    }
}

extension Int: OptionScalar {}
extension Int8: OptionScalar {}
extension Int16: OptionScalar {}
extension Int32: OptionScalar {}
extension Int64: OptionScalar {}
extension UInt: OptionScalar {}
extension UInt8: OptionScalar {}
extension UInt16: OptionScalar {}
extension UInt32: OptionScalar {}
extension UInt64: OptionScalar {}

extension OptionScalar where Self: FixedWidthInteger {
    static var expected: String { "an integer" }

    init?(_ value: Options.Value, _ context: OptionContext) throws(OptionError) {
        guard let whole = try value.whole(from: Int64(Self.min), to: UInt64(Self.max), context) else { return nil }
        self.init(truncatingIfNeeded: whole)
    }
}

extension Options.Value {
    /// The number of an integer or a size; nil: the value is neither.
    @inline(never)
    fileprivate func whole(
        from least: Int64, to most: UInt64, _ context: OptionContext
    ) throws(OptionError) -> Int64? {
        let found: Int64
        switch self {
        case .integer(let value), .size(let value): found = value
        default: return nil
        }
        guard found >= least, found < 0 || UInt64(found) <= most else {
            throw context.tree.error(at: context.steps, "expected \(least) to \(most), found \(found)")
        }
        return found
    }
}
