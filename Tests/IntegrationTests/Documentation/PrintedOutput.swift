/// What a page prints as the output of a command, against what the command has printed.
///
/// Numbers, hashes, units and the width of columns are free; `…` stands for anything. Each printed line must come, in order; others
/// may come in between only where a line is `…` alone.
struct PrintedOutput {
    let expected: [String]

    init(_ lines: [String]) { expected = lines.map(Self.normal) }

    /// What is wrong; nil: nothing.
    func difference(from actual: String) -> String? {
        var left = actual.split(separator: "\n", omittingEmptySubsequences: false).map { Self.normal(String($0)) }[...]
        while left.last == "" { left.removeLast() }
        var mayPass = false
        for line in expected {
            if line == "…" {
                mayPass = true
                continue
            }
            guard let index = mayPass ? left.firstIndex(where: { Self.matches(line, $0) }) : left.indices.first,
                Self.matches(line, left[index])
            else { return "printed in the page: \(line)\nprinted by the command:\n\(actual)" }
            left = left[(index + 1)...]
            mayPass = false
        }
        return left.isEmpty || mayPass ? nil : "not in the page: \(left.joined(separator: "\n"))"
    }

    private static let units: Set<String> = ["ns", "us", "ms", "s", "m", "h", "B", "KiB", "MiB", "GiB"]

    /// One space between words, `#` for what holds a digit and looks like a number, a hash or a time, and no units behind it.
    private static func normal(_ line: String) -> String {
        var words: [String] = []
        for word in line.split(whereSeparator: \.isWhitespace).map(String.init) {
            let core = word.filter { !"([\",;)]".contains($0) }
            let isNumber = core.first?.isNumber == true || core.count >= 8 && core.allSatisfy(\.isHexDigit)
            let end = word.reversed().prefix { ",;)]".contains($0) }.reversed()
            if isNumber {
                words.append("#" + end)
            } else if words.last == "#", units.contains(String(word.dropLast(end.count))) {
                words[words.count - 1] += end
            } else {
                words.append(word)
            }
        }
        return words.joined(separator: " ")
    }

    private static func matches(_ pattern: String, _ line: String) -> Bool {
        let parts = pattern.split(separator: "…", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return pattern == line }
        guard line.hasPrefix(parts[0]) else { return false }
        var rest = line.dropFirst(parts[0].count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let range = rest.firstRange(of: part) else { return false }
            rest = rest[range.upperBound...]
        }
        return rest.hasSuffix(parts[parts.count - 1])
    }
}
