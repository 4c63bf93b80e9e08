import MartletKit

/// The value of a field that the operator chose. It is checked once.
struct FieldText: Sendable {
    let bytes: [UInt8]

    var isEmpty: Bool { bytes.isEmpty }

    /// Refuses characters that could end the field line early (RFC 9110 5.5).
    init(option key: String, of options: Options) throws(OptionError) {
        bytes = Array(try options.text(key).utf8)
        if bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            throw OptionError(options.pathOf(key), "must not contain control characters")
        }
    }

    init?(optional key: String, of options: Options) throws(OptionError) {
        guard options.has(key) else { return nil }
        try self.init(option: key, of: options)
    }

    init(_ text: StaticString) { bytes = text.withUTF8Buffer { Array($0) } }
}
