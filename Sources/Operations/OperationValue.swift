/// An argument or a result of an operation.
package enum OperationValue: Sendable, Equatable {
    /// The result of a `void` operation, a NULL text, or NULL bytes.
    case nothing
    case boolean(Bool)
    case integer(Int64)
    case unsigned(UInt64)
    case number(Double)
    /// An argument has no zero bytes.
    case text(String)
    case bytes([UInt8])

    /// Parses an argument of this type that a user wrote. nil: the text is not valid.
    package init?(_ text: String, as type: ValueType) {
        switch type {
        case .void: return nil
        case .bool:
            guard let value = Bool(text) else { return nil }
            self = .boolean(value)
        case .i32:
            guard let value = Int32(text) else { return nil }
            self = .integer(Int64(value))
        case .i64:
            guard let value = Int64(text) else { return nil }
            self = .integer(value)
        case .u32:
            guard let value = UInt32(text) else { return nil }
            self = .unsigned(UInt64(value))
        case .u64:
            guard let value = UInt64(text) else { return nil }
            self = .unsigned(value)
        case .f64:
            guard let value = Double(text), value.isFinite else { return nil }
            self = .number(value)
        case .cstr:
            guard !text.utf8.contains(0) else { return nil }
            self = .text(text)
        case .bytes:
            guard text.hasPrefix("hex:") else {
                self = .bytes(Array(text.utf8))
                return
            }
            guard let bytes = hexadecimal(text.dropFirst(4)) else { return nil }
            self = .bytes(bytes)
        }
    }

    /// For users: bytes that are not printable text as `hex:...`.
    package var text: String {
        switch self {
        case .nothing: ""
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .unsigned(let value): "\(value)"
        case .number(let value): "\(value)"
        case .text(let value): value
        case .bytes(let value):
            if let text = String(validating: value, as: UTF8.self), !text.hasPrefix("hex:"),
                text.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 || $0 == "\n" || $0 == "\t" })
            {
                text
            } else {
                "hex:" + hexadecimal(value)
            }
        }
    }

    /// The sum of two numbers of the same kind; nil: they are not, or the sum overflows.
    package func adding(_ other: OperationValue) -> OperationValue? {
        switch (self, other) {
        case (.integer(let one), .integer(let two)):
            let (sum, overflows) = one.addingReportingOverflow(two)
            return overflows ? nil : .integer(sum)
        case (.unsigned(let one), .unsigned(let two)):
            let (sum, overflows) = one.addingReportingOverflow(two)
            return overflows ? nil : .unsigned(sum)
        case (.number(let one), .number(let two)): return .number(one + two)
        default: return nil
        }
    }
}

/// JSON: true, 42, 1.5, "text", null; bytes as `{"hex": "00ff"}`; numbers that JSON does not have as text, such as `"inf"`.
extension OperationValue: Codable {
    private enum Key: String, CodingKey { case hex }

    package init(from decoder: any Decoder) throws {
        if let container = try? decoder.container(keyedBy: Key.self) {
            guard let bytes = hexadecimal(try container.decode(String.self, forKey: .hex)[...]) else {
                throw DecodingError.dataCorruptedError(forKey: .hex, in: container, debugDescription: "not hexadecimal")
            }
            self = .bytes(bytes)
            return
        }
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .nothing
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(UInt64.self) {
            self = .unsigned(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else {
            self = .text(try container.decode(String.self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        if case .bytes(let value) = self {
            var container = encoder.container(keyedBy: Key.self)
            return try container.encode(hexadecimal(value) as String, forKey: .hex)
        }
        var container = encoder.singleValueContainer()
        switch self {
        case .nothing, .bytes: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .unsigned(let value): try container.encode(value)
        case .number(let value) where value.isFinite: try container.encode(value)
        case .number(let value): try container.encode("\(value)")
        case .text(let value): try container.encode(value)
        }
    }
}

private func hexadecimal(_ text: Substring) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
        guard let high = value(ofDigit: digits[index]), let low = value(ofDigit: digits[index + 1]) else { return nil }
        bytes.append(high << 4 | low)
    }
    return bytes
}

private func value(ofDigit digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}
