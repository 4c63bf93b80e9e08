/// The number of columns in each line of a text, to check that a place is in the text.
struct LineLengths {
    private var lengths: [Int] = [0]

    init(of text: String) {
        // toml++ skips a byte order mark and does not count it.
        for byte in text.utf8.starts(with: [0xEF, 0xBB, 0xBF]) ? text.utf8.dropFirst(3) : text.utf8[...] {
            if byte == UInt8(ascii: "\n") {
                lengths.append(0)
            } else if byte & 0xC0 != 0x80 {
                lengths[lengths.count - 1] += 1
            }
        }
    }

    /// - Parameter beyond: columns after the last that count as the line's.
    func contains(_ line: Int, _ column: Int, beyond: Int) -> Bool {
        line >= 1 && line <= lengths.count && column >= 1 && column <= lengths[line - 1] + beyond
    }
}
