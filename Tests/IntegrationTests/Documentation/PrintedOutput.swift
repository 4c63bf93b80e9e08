/// Compares the output that a page shows for a command with the command's actual output.
///
/// Numbers, hashes, units and column widths may differ; `…` matches anything. Every line that the page shows must appear, in order.
/// Other lines may appear between them only where the page shows a line that is just `…`.
struct PrintedOutput {
    let expected: [String]

    init(_ lines: [String]) { expected = lines.map(Self.normal) }

    /// The first difference; nil: there is none.
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
            else { return "the page shows: \(line)\nthe command printed:\n\(actual)" }
            left = left[(index + 1)...]
            mayPass = false
        }
        return left.isEmpty || mayPass ? nil : "not in the page: \(left.joined(separator: "\n"))"
    }

    private static let units: Set<String> = ["ns", "us", "ms", "s", "m", "h", "B", "KiB", "MiB", "GiB"]

    /// Puts one space between words, replaces each word that begins with a digit, and each hash, by `#`, and drops a unit after it.
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
