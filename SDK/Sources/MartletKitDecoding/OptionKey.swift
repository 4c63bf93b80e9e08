import MartletKit

/// A step from the root of the options to a value: the key of a table as written in the file, or the index of a list.
struct OptionKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(_ key: String) {
        stringValue = key
        intValue = nil
    }

    init(index: Int) {
        stringValue = "[\(index)]"
        intValue = index
    }

    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { self.init(index: intValue) }
}

extension String {
    /// `maxBody` as `max_body`, `rootURL` as `root_url`, `TLSName` as `tls_name`: an underscore before each capital that
    /// begins a word.
    var inSnakeCase: String {
        let bytes = Array(utf8)
        var result: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            guard byte.isCapital else {
                result.append(byte)
                continue
            }
            let beginsWord =
                index > 0 && bytes[index - 1] != UInt8(ascii: "_")
                && (!bytes[index - 1].isCapital || (index + 1 < bytes.count && bytes[index + 1].isSmall))
            if beginsWord { result.append(UInt8(ascii: "_")) }
            result.append(byte | 0x20)
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// `max_body` as `maxBody`: the reverse of `inSnakeCase`.
    var inCamelCase: String {
        var result: [UInt8] = []
        var beginsWord = false
        for byte in utf8 {
            if byte == UInt8(ascii: "_"), !result.isEmpty {
                beginsWord = true
            } else {
                result.append(beginsWord && byte.isSmall ? byte & ~0x20 : byte)
                beginsWord = false
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

extension UInt8 {
    /// `A` to `Z`.
    fileprivate var isCapital: Bool { self >= 0x41 && self <= 0x5A }
    /// `a` to `z`.
    fileprivate var isSmall: Bool { self >= 0x61 && self <= 0x7A }
}

extension [(key: String, value: Options.Value)] {
    /// The member for a coding key: the one with the same name, or else with its name in snake case.
    func member(for key: any CodingKey) -> (key: String, value: Options.Value)? {
        if let exact = first(where: { $0.key == key.stringValue }) { return exact }
        let snake = key.stringValue.inSnakeCase
        return first { $0.key == snake }
    }
}
