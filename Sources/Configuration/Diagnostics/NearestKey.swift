/// The known key that was most likely meant, or nil when none is close.
/// Case and the choice between `-` and `_` cost nothing; a swap of two neighbours is one edit.
package func nearest(_ key: String, among known: some Sequence<String>) -> String? {
    nearest(key, among: known, name: { $0 })
}

func nearest<Candidate>(
    _ key: String, among known: some Sequence<Candidate>, name: (Candidate) -> String
) -> Candidate? {
    let typed = folded(key)
    // A key this long is not a typing mistake, and the table of distances is quadratic.
    guard typed.count <= 64 else { return nil }
    var best: (candidate: Candidate, distance: Int)?
    for candidate in known {
        let target = folded(name(candidate))
        let allowed = max(1, min(typed.count, target.count) / 3)
        guard abs(typed.count - target.count) <= allowed, target.count <= 64 else { continue }
        let distance = editDistance(typed, target)
        if distance <= allowed, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.candidate
}

private func folded(_ key: String) -> [Unicode.Scalar] {
    key.prefix(65).lowercased().unicodeScalars.map { $0 == "-" ? "_" : $0 }
}

/// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
private func editDistance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var beforePrevious: [Int] = []
    var previous = Array(0...right.count)
    for (row, scalar) in left.enumerated() {
        var current = [row + 1]
        for (column, other) in right.enumerated() {
            var cost = min(previous[column + 1] + 1, current[column] + 1, previous[column] + (scalar == other ? 0 : 1))
            if row > 0, column > 0, scalar == right[column - 1], left[row - 1] == other {
                cost = min(cost, beforePrevious[column - 1] + 1)
            }
            current.append(cost)
        }
        (beforePrevious, previous) = (previous, current)
    }
    return previous[right.count]
}
