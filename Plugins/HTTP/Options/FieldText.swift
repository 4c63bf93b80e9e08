import MartletKit

/// The value of a field that the operator chose: checked once, in memory that lives as long as the instance's image.
struct FieldText: Sendable {
    let bytes: [UInt8]

    var isEmpty: Bool { bytes.isEmpty }

    /// Nothing that could end the field line early (RFC 9110 5.5).
    init(option key: String, of options: Options) throws(OptionError) {
        bytes = Array(try options.text(key).utf8)
        if bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            throw OptionError(options.pathOf(key), "a field value has no control characters")
        }
    }

    init?(optional key: String, of options: Options) throws(OptionError) {
        guard options.has(key) else { return nil }
        try self.init(option: key, of: options)
    }

    init(_ text: StaticString) { bytes = text.withUTF8Buffer { Array($0) } }
}
