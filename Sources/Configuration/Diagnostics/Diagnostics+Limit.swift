extension [Diagnostic] {
    /// A damaged file can have a hundred thousand problems, which is too many for a log or a terminal.
    static let limitPerFile = 100

    /// Sorted in the order of the text, and no more than anyone would read. All must belong to one file.
    func sortedAndLimited() -> [Diagnostic] {
        let sorted = enumerated().sorted { left, right in
            (left.element.position ?? .start, left.offset) < (right.element.position ?? .start, right.offset)
        }.map(\.element)
        guard sorted.count > Self.limitPerFile else { return sorted }
        let rest = sorted.count - Self.limitPerFile
        return sorted.prefix(Self.limitPerFile)
            + [Diagnostic(file: sorted[0].file, message: "\(rest) more problems in this file are not shown")]
    }
}
