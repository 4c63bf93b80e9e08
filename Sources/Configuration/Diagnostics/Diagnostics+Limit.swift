extension [Diagnostic] {
    /// A damaged file can hold a hundred thousand problems; a log or a terminal cannot.
    static let limitPerFile = 100

    /// In the order of the text, and no more than anyone would read. All belong to one file.
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
