import Configuration

/// Checks that each value of a tree is in the text at the place that the tree reports. It looks only at these places, not at the rest of
/// the text.
struct PlaceCheck {
    private let bytes: [UInt8]
    /// The offset of each line's first byte.
    private var lines: [Int]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        lines = [bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0]
        for (offset, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") { lines.append(offset + 1) }
    }

    func check(_ table: ConfigurationTable) {
        for member in table.members {
            let end = checkKey(member.key, at: member.value.position)
            checkMember(member.value, key: member.key, after: end)
        }
    }

    private func checkMember(_ value: ConfigurationValue, key: String, after end: Int) {
        var offset = end
        while isBlank(byte(offset)) { offset += 1 }
        switch byte(offset) {
        case UInt8(ascii: "="):
            offset += 1
            while isBlank(byte(offset)) { offset += 1 }
            checkValue(value, at: offset)
        case UInt8(ascii: "."): precondition(value.table != nil || value.list != nil, "a scalar at a key before a dot")
        case UInt8(ascii: "]"): precondition(value.table != nil || value.list != nil, "a scalar at a header")
        default: preconditionFailure("after the key \(key): expected =, . or ]")
        }
        if !isInline(value) {
            // An array of tables: the place of each element is the key of its header.
            for element in value.list ?? [] { _ = checkKey(key, at: element.position) }
        }
        checkInside(value)
    }

    /// Whether a list is written with brackets.
    private func isInline(_ list: ConfigurationValue) -> Bool {
        guard let first = list.list?.first else { return true }
        return first.position != list.position
    }

    private func checkInside(_ value: ConfigurationValue) {
        if let table = value.table { check(table) }
        for element in value.list ?? [] {
            if isInline(value) { checkValue(element, at: offset(of: element.position)) }
            checkInside(element)
        }
    }

    private func checkValue(_ value: ConfigurationValue, at offset: Int) {
        let first = byte(offset)
        switch value.content {
        case .boolean(let boolean): precondition(starts(boolean ? "true" : "false", at: offset), "no boolean here")
        case .list: precondition(first == UInt8(ascii: "["), "no list here")
        case .table: precondition(first == UInt8(ascii: "{"), "no table here")
        case .date: precondition((UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first), "no date here")
        case .text(let text): checkText(text, at: offset)
        case .integer, .number:
            var end = offset
            while end < bytes.count, !isBlank(bytes[end]), !Array("\r\n,]}#".utf8).contains(bytes[end]) { end += 1 }
            checkMeaning(offset..<end, value)
        }
    }

    private func checkText(_ text: String, at offset: Int) {
        let quote = byte(offset)
        precondition(quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"), "no text here")
        let end = TextEnd.find(in: bytes, from: offset)
        checkMeaning(offset..<end, ConfigurationValue(.text(text)))
    }

    /// Checks that the text in a range, parsed alone, gives the same value.
    private func checkMeaning(_ range: Range<Int>, _ value: ConfigurationValue) {
        let token = String(decoding: bytes[range], as: UTF8.self)
        switch value.content {
        case .integer(let integer) where Int64(token) == integer: return
        case .text(let text)
        where !token.contains("\\") && !token.contains("\n")
            && token.utf8.dropFirst().dropLast().elementsEqual(text.utf8):
            return
        default: break
        }
        let document = try? ConfigurationDocument(text: "x = " + token, file: "", parser: .inProcess)
        let found = document?.root["x"]
        if case .number(let number)? = found?.content, number.isNaN, value.number?.isNaN == true { return }
        precondition(found == value, "expected \(value.content), found \(token)")
    }

    /// Returns the offset after the key.
    private func checkKey(_ key: String, at position: Position) -> Int {
        let start = offset(of: position)
        let quote = byte(start)
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            precondition(starts(key, at: start) && !key.isEmpty, "the key \(key) is not here")
            return start + key.utf8.count
        }
        let end = TextEnd.find(in: bytes, from: start)
        let token = bytes[start..<end]
        if !token.contains(UInt8(ascii: "\\")), token.dropFirst().dropLast().elementsEqual(key.utf8) { return end }
        let text = String(decoding: token, as: UTF8.self) + " = 0"
        let document = try? ConfigurationDocument(text: text, file: "", parser: .inProcess)
        precondition(document?.root.keys == [key], "expected the key \(key), found \(text)")
        return end
    }

    private func offset(of position: Position) -> Int {
        precondition(position.line >= 1 && position.line <= lines.count, "a line after the last")
        var offset = lines[position.line - 1]
        for _ in 1..<position.column {
            precondition(offset < bytes.count && bytes[offset] != UInt8(ascii: "\n"), "a column after the last")
            offset += 1
            while offset < bytes.count, bytes[offset] & 0xC0 == 0x80 { offset += 1 }
        }
        precondition(offset < bytes.count, "a place at the end of the text")
        return offset
    }

    private func byte(_ offset: Int) -> UInt8 { offset < bytes.count ? bytes[offset] : 0 }

    private func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    private func starts(_ text: String, at offset: Int) -> Bool {
        bytes[min(offset, bytes.count)...].starts(with: text.utf8)
    }
}

private enum TextEnd {
    /// The offset after the text whose first quote is at `start`.
    static func find(in bytes: [UInt8], from start: Int) -> Int {
        let quote = bytes[start]
        let isLong = bytes[start...].starts(with: [quote, quote, quote])
        var offset = start + (isLong ? 3 : 1)
        while offset < bytes.count {
            if bytes[offset] == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                offset += 2
                continue
            }
            if bytes[offset] == quote {
                guard isLong else { return offset + 1 }
                var run = 0
                while offset + run < bytes.count, bytes[offset + run] == quote { run += 1 }
                // Up to two quotes may directly precede the closing three.
                if run >= 3 { return offset + min(run, 5) }
                offset += run
                continue
            }
            offset += 1
        }
        return bytes.count
    }
}
